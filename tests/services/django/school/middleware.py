"""Conditional requests: an ETag on every read, and 304 where the reader has it."""
from django.middleware.http import ConditionalGetMiddleware


class Revalidation(ConditionalGetMiddleware):
    """Django's own, which drops two headers of a 304 that we want."""

    def process_response(self, request, response):
        answer = super().process_response(request, response)
        if answer is not response and answer.status_code == 304:
            # The length that a 200 would have (RFC 9110, section 8.6). Without it
            # Django's server closes the connection.
            answer["Content-Length"] = str(len(response.content))
            if response.has_header("X-Cache"):
                answer["X-Cache"] = response["X-Cache"]
        return answer
