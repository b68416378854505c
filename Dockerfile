# Debian as in the install by hand (docs/install.md): its Python and its coturn are those that were
# tested, and `apt` mends them.
FROM debian:bookworm-slim AS debian
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/*

# Here alone are pip and what it needs. Wheels only: nothing is compiled.
FROM debian AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip python3-venv
WORKDIR /opt/neartalk
RUN python3 -m venv --without-pip venv
COPY requirements.txt /tmp/
RUN pip --python venv/bin/python install --no-cache-dir --only-binary :all: -r /tmp/requirements.txt
COPY . app
WORKDIR /opt/neartalk/app
# The key is this step's alone: what is collected does not depend on it.
RUN DEBUG=0 SECRET_KEY=collecting ../venv/bin/python manage.py collectstatic --no-input \
    && python3 -m compileall -q neartalk presence chat voice

# The relay for voice: docker build --target relay
FROM debian:bookworm-slim AS relay
RUN apt-get update \
    && apt-get install -y --no-install-recommends coturn \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/coturn /opt/coturn
USER turnserver
CMD umask 077 \
    && sh /opt/coturn/configure.sh >/tmp/turnserver.conf \
    && exec turnserver -c /tmp/turnserver.conf

FROM debian AS app
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin neartalk
COPY --from=build /opt/neartalk /opt/neartalk
WORKDIR /opt/neartalk/app
ENV PATH=/opt/neartalk/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=0
USER neartalk
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
    CMD ["python", "deploy/healthy.py"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0"]
