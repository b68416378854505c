/* A load generator for WebSocket servers on this machine: one thread, one epoll loop.
 *
 * Opens a socket for each line of --crowd, waits until all are live, then says --message at each
 * of --rates in turn, every socket when it is its turn. A message carries "|" and the time it left
 * (16 hex digits, ns); each that comes back on any socket is a delivery, so that messages which
 * share a frame count as many. Prints a line of JSON once all are live and one for each rate.
 *
 *   --ports LIST       of the servers, on 127.0.0.1; sockets take them in turn
 *   --path PATH        of the socket
 *   --crowd FILE       a line a socket: how many sockets hear it, a space, a header line or nothing
 *   --connect-rate N   sockets opened a second
 *   --ready TEXT       a socket is live once it was sent this; without it, once it is open
 *   --settle SECONDS   of quiet between the last socket live and the first message
 *   --rates LIST       messages a second of all together, with commas; 0 only listens
 *   --seconds SECONDS  for each rate
 *   --warm-up SECONDS  of the first rate before that, which is not told
 *   --message TEXT     what is said; each %t is the time it left
 *   --pids LIST        the server's processes, with commas: their CPU and memory are told
 *   --subprotocol NAME offered to the server
 *   --greeting TEXT    said by each socket once it is open
 *   --socketio         speaks Socket.IO (engine.io 4) inside the frames
 *   --nats             speaks NATS inside the frames, which are binary then
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ull
#define MILLISECOND 1000000ull

enum {
  BUFFER_SIZE = 1 << 20, /* also the largest frame understood */
  MESSAGE_MAX = 4096,
  PIDS_MAX = 16,
  DIGITS = 16,
  BUCKETS = 1200000, /* of 0.1 ms: two minutes */
};

static const uint64_t BUCKET_NS = MILLISECOND / 10;
static const uint64_t LIVE_MAX_NS = 60 * SECOND; /* for the last socket, after it was opened */
static const uint64_t QUIET_NS = 8 * SECOND;     /* without a delivery: the rest is lost */
static const uint64_t DRAIN_MAX_NS = 60 * SECOND;

/* ---- What is asked for ---------------------------------------------------------------------- */

static struct {
  const char *ports, *path, *crowd, *ready, *rates, *message, *pids, *subprotocol,
      *greeting;
  double connect_rate, settle_s, seconds, warm_up_s;
  bool socketio, nats;
} asked = {.path = "/", .rates = "10", .message = "|%t", .connect_rate = 500, .seconds = 10};

/* Something here is wrong. */
static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

/* A call to the system was refused, and errno says why. */
static void die(const char *what) {
  perror(what);
  exit(1);
}

static void read_options(int argc, char **argv) {
  static const struct option known[] = {
      {"ports", 1, 0, 'p'},   {"path", 1, 0, 'u'},    {"crowd", 1, 0, 'c'},
      {"connect-rate", 1, 0, 'C'}, {"ready", 1, 0, 'r'}, {"settle", 1, 0, 'w'},
      {"rates", 1, 0, 'R'},   {"seconds", 1, 0, 's'}, {"message", 1, 0, 'm'},
      {"pids", 1, 0, 'i'},    {"subprotocol", 1, 0, 'P'}, {"socketio", 0, 0, 'e'},
      {"warm-up", 1, 0, 'W'}, {"greeting", 1, 0, 'g'}, {"nats", 0, 0, 'n'},
      {0}};
  for (int option; (option = getopt_long(argc, argv, "", known, NULL)) >= 0;) switch (option) {
    case 'p': asked.ports = optarg; break;
    case 'u': asked.path = optarg; break;
    case 'c': asked.crowd = optarg; break;
    case 'C': asked.connect_rate = atof(optarg); break;
    case 'r': asked.ready = optarg; break;
    case 'w': asked.settle_s = atof(optarg); break;
    case 'R': asked.rates = optarg; break;
    case 's': asked.seconds = atof(optarg); break;
    case 'W': asked.warm_up_s = atof(optarg); break;
    case 'm': asked.message = optarg; break;
    case 'i': asked.pids = optarg; break;
    case 'P': asked.subprotocol = optarg; break;
    case 'g': asked.greeting = optarg; break;
    case 'e': asked.socketio = true; break;
    case 'n': asked.nats = true; break;
    default: exit(2);
  }
  if (!asked.ports || !asked.crowd) fail("--ports and --crowd are needed");
  if (asked.connect_rate <= 0) fail("--connect-rate is above 0");
}

/* ---- Clocks and counts ---------------------------------------------------------------------- */

static uint64_t ns_of(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time)) die("a process to be measured is gone");
  return time.tv_sec * SECOND + time.tv_nsec;
}

static uint64_t now_ns(void) { return ns_of(CLOCK_MONOTONIC); }

struct histogram {
  uint64_t count, max_ns;
  uint32_t buckets[BUCKETS];
};

static void record(struct histogram *h, uint64_t ns) {
  uint64_t bucket = ns / BUCKET_NS;
  h->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  h->count++;
  if (ns > h->max_ns) h->max_ns = ns;
}

static double quantile_ms(const struct histogram *h, double share) {
  uint64_t rank = h->count * share, seen = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket++) {
    seen += h->buckets[bucket];
    if (seen > rank) return (bucket + 0.5) * BUCKET_NS / MILLISECOND;
  }
  return (double)h->max_ns / MILLISECOND;
}

/* CPU of each process by its own clock: exact, and threads that have ended count. */
struct usage {
  int count;
  uint64_t at_ns, own_ns, machine_ns, cpu_ns[PIDS_MAX];
  long rss_kb;
};

static long rss_kb_of(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/statm", pid);
  FILE *file = fopen(path, "r");
  long pages;
  if (!file || fscanf(file, "%*d %ld", &pages) != 1) die(path);
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* What all cores did since the machine started: everything but idle and waiting for disks. */
static uint64_t machine_ns(void) {
  FILE *file = fopen("/proc/stat", "r");
  unsigned long long user, nice, system, irq, softirq, steal;
  if (!file || fscanf(file, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system,
                      &irq, &softirq, &steal) != 6)
    die("/proc/stat");
  fclose(file);
  return (user + nice + system + irq + softirq + steal) * (SECOND / sysconf(_SC_CLK_TCK));
}

static struct usage usage_now(void) {
  struct usage usage = {.at_ns = now_ns(),
                        .own_ns = ns_of(CLOCK_PROCESS_CPUTIME_ID),
                        .machine_ns = machine_ns()};
  for (const char *at = asked.pids; at && *at && usage.count < PIDS_MAX;) {
    char *end;
    int pid = strtol(at, &end, 10);
    clockid_t clock;
    if (end == at || clock_getcpuclockid(pid, &clock)) fail("--pids names no process");
    usage.cpu_ns[usage.count++] = ns_of(clock);
    usage.rss_kb += rss_kb_of(pid);
    at = *end ? end + 1 : end;
  }
  return usage;
}

static void print_usage(const struct usage *before, const struct usage *after) {
  int64_t others_ns = after->machine_ns - before->machine_ns - (after->own_ns - before->own_ns);
  printf("\"cpu_s\":[");
  for (int i = 0; i < after->count; i++) {
    uint64_t cpu_ns = after->cpu_ns[i] - before->cpu_ns[i];
    others_ns -= cpu_ns;
    printf("%s%.6f", i ? "," : "", cpu_ns / (double)SECOND);
  }
  printf("],\"others_cpu_s\":%.3f,\"generator_cpu_s\":%.6f,\"wall_s\":%.3f,\"rss_kb\":%ld",
         others_ns > 0 ? others_ns / (double)SECOND : 0,
         (after->own_ns - before->own_ns) / (double)SECOND,
         (after->at_ns - before->at_ns) / (double)SECOND, after->rss_kb);
}

/* ---- Sockets -------------------------------------------------------------------------------- */

struct connection {
  int fd; /* -1 once closed */
  int port, heard_by;
  bool upgraded, live;
  uint64_t opened_ns;
  char *header;
  char *kept; /* the beginning of a frame whose end is still to come */
  size_t kept_size;
  char *parts; /* of a text that comes in several frames */
  size_t parts_size;
};

static struct connection *crowd;
static int crowd_size, live_count, closed_count, poller;

/* The rate under way: only messages that left since it began count. */
static uint64_t began_ns, sent, expected, counted, frames, bytes;
static struct histogram latency, first_snapshot;

/* The next of a list of ports, over and over. */
static int next_port(void) {
  static const char *at = "";
  if (!*at) at = asked.ports;
  char *end;
  int port = strtol(at, &end, 10);
  if (end == at) fail("--ports is a list of numbers");
  at = *end ? end + 1 : end;
  return port;
}

static void read_crowd(void) {
  FILE *file = fopen(asked.crowd, "r");
  if (!file) die(asked.crowd);
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, file) > 0) {
    line[strcspn(line, "\n")] = 0;
    crowd = realloc(crowd, (crowd_size + 1) * sizeof *crowd);
    char *space = strchr(line, ' ');
    crowd[crowd_size++] = (struct connection){
        .fd = -1,
        .port = next_port(),
        .heard_by = atoi(line),
        .header = strdup(space ? space + 1 : "")};
  }
  free(line);
  fclose(file);
}

static void close_connection(struct connection *c) {
  close(c->fd);
  c->fd = -1;
  closed_count++;
  live_count -= c->live;
}

/* Messages are small and socket buffers are not: one that does not fit means a server that no
 * longer reads. */
static void write_all(struct connection *c, const void *data, size_t size) {
  if (send(c->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size) close_connection(c);
}

static void send_frame(struct connection *c, int opcode, const char *payload, size_t size) {
  static const uint8_t mask[4] = {0x4e, 0x65, 0x61, 0x72};
  uint8_t frame[8 + MESSAGE_MAX], *at = frame;
  if (size > MESSAGE_MAX) fail("a message is too long");
  *at++ = 0x80 | opcode;
  if (size < 126) {
    *at++ = 0x80 | size;
  } else {
    *at++ = 0x80 | 126;
    *at++ = size >> 8;
    *at++ = size;
  }
  memcpy(at, mask, 4);
  at += 4;
  for (size_t i = 0; i < size; i++) *at++ = payload[i] ^ mask[i % 4];
  write_all(c, frame, at - frame);
}

static void send_text(struct connection *c, const char *text, size_t size) {
  send_frame(c, asked.nats ? 2 : 1, text, size);
}

static void open_connection(struct connection *c) {
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(c->port)};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c->opened_ns = now_ns();
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (connect(c->fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS)
    die("connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
}

static void ask_for_upgrade(struct connection *c) {
  char request[4096];
  const char *offered = asked.subprotocol;
  int size = snprintf(
      request, sizeof request,
      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bmVhcnRhbGtuZWFydGFsaw==\r\n%s%s%s%s%s\r\n",
      asked.path, c->port, offered ? "Sec-WebSocket-Protocol: " : "", offered ? offered : "",
      offered ? "\r\n" : "", c->header, *c->header ? "\r\n" : "");
  if (size >= (int)sizeof request) fail("a header is too long");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event)) die("epoll_ctl");
  write_all(c, request, size);
}

/* ---- What a server sends -------------------------------------------------------------------- */

static void become_live(struct connection *c) {
  c->live = true;
  live_count++;
  record(&first_snapshot, now_ns() - c->opened_ns);
}

/* The time a message left, from the digits behind its "|"; 0 if these are none. */
static uint64_t time_in(const char *digits) {
  uint64_t time = 0;
  for (int i = 0; i < DIGITS; i++) {
    int digit = digits[i];
    if (digit >= '0' && digit <= '9') time = time << 4 | (digit - '0');
    else if (digit >= 'a' && digit <= 'f') time = time << 4 | (digit - 'a' + 10);
    else return 0;
  }
  return time;
}

static void count_deliveries(const char *text, size_t size) {
  const char *end = text + size, *at = text;
  uint64_t arrived_ns = 0;
  while ((at = memchr(at, '|', end - at)) && end - ++at >= DIGITS) {
    uint64_t left_ns = time_in(at);
    if (left_ns < began_ns || !began_ns) continue;
    if (!arrived_ns) arrived_ns = now_ns();
    counted++;
    record(&latency, arrived_ns - left_ns);
  }
}

static void take_text(struct connection *c, const char *text, size_t size) {
  frames++;
  bytes += size;
  if (asked.socketio && size && text[0] == '0') send_frame(c, 1, "40", 2);
  if (asked.socketio && size && text[0] == '2') send_frame(c, 1, "3", 1);
  if (asked.nats && memmem(text, size, "PING\r\n", 6)) send_text(c, "PONG\r\n", 6);
  if (!c->live && asked.ready && memmem(text, size, asked.ready, strlen(asked.ready)))
    become_live(c);
  count_deliveries(text, size);
}

static void take_part(struct connection *c, const char *part, size_t size, bool last) {
  c->parts = realloc(c->parts, c->parts_size + size + 1);
  memcpy(c->parts + c->parts_size, part, size);
  c->parts_size += size;
  if (!last) return;
  take_text(c, c->parts, c->parts_size);
  c->parts_size = 0;
}

static void take_frame(struct connection *c, int head, const char *payload, size_t size) {
  switch (head) {
    case 0x81: case 0x82: take_text(c, payload, size); break;
    case 0x01: case 0x02: case 0x00: take_part(c, payload, size, false); break;
    case 0x80: take_part(c, payload, size, true); break;
    case 0x88: close_connection(c); break;
    case 0x89: send_frame(c, 10, payload, size); break;
    case 0x8a: break;
    default: fail("a frame that is no message, close, ping or pong");
  }
}

/* Bytes used: a whole frame, or none if its end is still to come. */
static size_t parse_frame(struct connection *c, const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  size_t head = 2;
  uint64_t length = data[1];
  if (length >= 126) {
    int digits = length == 126 ? 2 : 8;
    head += digits;
    if (size < head) return 0;
    length = 0;
    for (int i = 0; i < digits; i++) length = length << 8 | data[2 + i];
  }
  if (length > BUFFER_SIZE - head) fail("a frame is too large");
  if (size < head + length) return 0;
  take_frame(c, data[0], (const char *)data + head, length);
  return head + length;
}

/* Bytes used of the answer to the handshake. */
static size_t parse_upgrade(struct connection *c, const char *data, size_t size) {
  const char *end = memmem(data, size, "\r\n\r\n", 4);
  if (!end) return 0;
  if (memcmp(data, "HTTP/1.1 101", 12)) {
    fprintf(stderr, "no upgrade: %.*s\n", (int)(size < 400 ? size : 400), data);
    exit(1);
  }
  c->upgraded = true;
  if (asked.greeting) send_text(c, asked.greeting, strlen(asked.greeting));
  if (!asked.ready) become_live(c);
  return end + 4 - data;
}

/* One buffer for all: only what is left of a frame is kept aside, so that thousands of sockets
 * cost little memory here. */
static void read_connection(struct connection *c) {
  static uint8_t buffer[BUFFER_SIZE];
  if (c->kept_size) memcpy(buffer, c->kept, c->kept_size);
  ssize_t got = recv(c->fd, buffer + c->kept_size, BUFFER_SIZE - c->kept_size, 0);
  if (got <= 0) {
    if (got == 0 || errno != EAGAIN) close_connection(c);
    return;
  }
  size_t size = c->kept_size + got, used = 0;
  for (size_t taken = 1; taken && used < size && c->fd >= 0; used += taken)
    taken = c->upgraded ? parse_frame(c, buffer + used, size - used)
                        : parse_upgrade(c, (char *)buffer + used, size - used);
  c->kept_size = size - used;
  if (c->kept_size) {
    c->kept = realloc(c->kept, c->kept_size);
    memcpy(c->kept, buffer + used, c->kept_size);
  }
}

/* Takes what came, until `until_ns` at the latest. */
static void poll_sockets(uint64_t until_ns) {
  struct epoll_event events[256];
  uint64_t now = now_ns();
  int wait_ms = until_ns > now ? (until_ns - now + MILLISECOND - 1) / MILLISECOND : 0;
  int ready = epoll_wait(poller, events, 256, wait_ms);
  for (int i = 0; i < ready; i++) {
    struct connection *c = events[i].data.ptr;
    if (c->fd < 0) continue;
    if (events[i].events & EPOLLOUT) ask_for_upgrade(c);
    else read_connection(c);
  }
}

/* ---- The run -------------------------------------------------------------------------------- */

static void say(struct connection *c) {
  char message[MESSAGE_MAX];
  size_t size = 0;
  uint64_t now = now_ns();
  for (const char *at = asked.message; *at; at++) {
    if (size + DIGITS + 1 >= sizeof message) fail("--message is too long");
    if (at[0] == '%' && at[1] == 't') {
      size += sprintf(message + size, "%016llx", (unsigned long long)now);
      at++;
    } else {
      message[size++] = *at;
    }
  }
  sent++;
  expected += c->heard_by;
  send_text(c, message, size);
}

static struct connection *next_speaker(void) {
  static int turn;
  for (int tried = 0; tried < crowd_size; tried++) {
    struct connection *c = &crowd[turn++ % crowd_size];
    if (c->fd >= 0) return c;
  }
  fail("every socket was closed");
  return NULL;
}

static void open_all(void) {
  struct usage before = usage_now();
  for (int i = 0; i < crowd_size; i++) {
    uint64_t due_ns = before.at_ns + (uint64_t)(i * SECOND / asked.connect_rate);
    do poll_sockets(due_ns); while (now_ns() < due_ns);
    open_connection(&crowd[i]);
  }
  uint64_t deadline_ns = now_ns() + LIVE_MAX_NS;
  while (live_count + closed_count < crowd_size && now_ns() < deadline_ns)
    poll_sockets(deadline_ns);
  double live_s = (now_ns() - before.at_ns) / (double)SECOND;
  for (int i = 0; i < crowd_size; i++) /* at least as late as this */
    if (!crowd[i].live) record(&first_snapshot, now_ns() - crowd[i].opened_ns);
  uint64_t settled_ns = now_ns() + (uint64_t)(asked.settle_s * SECOND);
  while (now_ns() < settled_ns) poll_sockets(settled_ns);
  struct usage after = usage_now();
  printf("{\"sockets\":%d,\"live\":%d,\"live_s\":%.3f,\"first_p50_ms\":%.1f,"
         "\"first_p99_ms\":%.1f,\"first_max_ms\":%.1f,\"rss_before_kb\":%ld,",
         crowd_size, live_count, live_s, quantile_ms(&first_snapshot, 0.5),
         quantile_ms(&first_snapshot, 0.99), (double)first_snapshot.max_ns / MILLISECOND,
         before.rss_kb);
  print_usage(&before, &after);
  printf("}\n");
}

/* Talks, then waits for what is still on its way. The CPU is read when the last delivery has come,
 * so that the wait itself is not measured. */
static struct usage talk(double rate, double seconds) {
  began_ns = now_ns();
  sent = expected = counted = frames = bytes = 0;
  memset(&latency, 0, sizeof latency);
  uint64_t end_ns = began_ns + (uint64_t)(seconds * SECOND);
  while (now_ns() < end_ns) {
    uint64_t due_ns = rate > 0 ? began_ns + (uint64_t)(sent * SECOND / rate) : end_ns;
    if (due_ns < end_ns && now_ns() >= due_ns) {
      say(next_speaker());
      due_ns = 0; /* what came is taken between any two messages */
    }
    poll_sockets(due_ns < end_ns ? due_ns : end_ns);
  }
  struct usage after = usage_now();
  uint64_t seen = counted, last_ns = now_ns(), deadline_ns = end_ns + DRAIN_MAX_NS;
  while (counted < expected && now_ns() < deadline_ns && now_ns() < last_ns + QUIET_NS) {
    poll_sockets(now_ns() + 20 * MILLISECOND);
    if (counted == seen) continue;
    seen = counted;
    last_ns = now_ns();
    after = usage_now();
  }
  return after;
}

static void talk_and_tell(double rate) {
  struct usage before = usage_now(), after = talk(rate, asked.seconds);
  printf("{\"rate\":%g,\"sent\":%llu,\"expected\":%llu,\"counted\":%llu,\"frames\":%llu,"
         "\"bytes\":%llu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,\"closed\":%d,",
         rate, (unsigned long long)sent, (unsigned long long)expected,
         (unsigned long long)counted, (unsigned long long)frames, (unsigned long long)bytes,
         counted ? quantile_ms(&latency, 0.5) : 0, counted ? quantile_ms(&latency, 0.99) : 0,
         (double)latency.max_ns / MILLISECOND, closed_count);
  print_usage(&before, &after);
  printf("}\n");
}

/* Whatever happens, the load ends. */
static void end_in_time(void) {
  int rates = 1;
  for (const char *at = asked.rates; *at; at++) rates += *at == ',';
  double longest_s = crowd_size / asked.connect_rate + LIVE_MAX_NS / SECOND + asked.settle_s +
                     rates * (asked.seconds + DRAIN_MAX_NS / SECOND);
  alarm(longest_s + asked.warm_up_s + 2 * DRAIN_MAX_NS / SECOND);
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  setlinebuf(stdout);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  read_crowd();
  end_in_time();
  poller = epoll_create1(0);
  open_all();
  if (asked.warm_up_s > 0) talk(strtod(asked.rates, NULL), asked.warm_up_s);
  for (const char *at = asked.rates; *at;) {
    char *end;
    talk_and_tell(strtod(at, &end));
    if (end == at) fail("--rates is a list of numbers");
    at = *end ? end + 1 : end;
  }
  return 0;
}
