"""Static files for an asynchronous server: WhiteNoise finds them, no thread answers."""

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise's own middleware is synchronous and would push every view onto one thread."""

    sync_capable = False
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        super().__init__(get_response)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        found = self.find_file(path) if self.autorefresh else self.files.get(path)
        if found is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        answer = found.get_response(request.method, request.META)
        content = answer.file.read() if answer.file else b""
        return HttpResponse(content, status=int(answer.status), headers=dict(answer.headers))
