"""Static files for an asynchronous server: WhiteNoise finds them, no thread answers."""

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


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
        content = b""
        if answer.file:
            with answer.file as file:
                content = file.read()
        return HttpResponse(content, status=int(answer.status), headers=dict(answer.headers))


class HashedFiles(CompressedManifestStaticFilesStorage):
    """A file's name holds a hash of what is in it, so that browsers never ask for it again."""

    # A name is right once those of all that it imports are: a pass for each level.
    max_post_process_passes = 20
    # Only of our own modules: what others ship names files in its comments that are not there.
    _, imports = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", imports))

    def stored_name(self, name: str) -> str:
        """Where nothing was collected, a file keeps its own name."""
        return super().stored_name(name) if self.hashed_files else name
