"""Answers kept per person, in Django's own cache.

A key holds the person's version. A write gives those whom it concerns a new one, so
that nothing computed before the write is found after it, even where it is stored late.
"""
from functools import wraps
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers

counts = {"HIT": 0, "MISS": 0, "BYPASS": 0}


def version(user_id):
    return cache.get_or_set(f"version:{user_id}", lambda: uuid4().hex, None)


def forget(user_ids):
    """After a write: what these people have read is not found again."""
    cache.set_many({f"version:{user_id}": uuid4().hex for user_id in user_ids}, None)


def per_person(view):
    """Wraps a read of a view set: from the cache where it can be, and says so in X-Cache."""

    @wraps(view)
    def read(self, request, *args, **kwargs):
        if not settings.SCHOOL_CACHE:
            return private(view(self, request, *args, **kwargs))
        key = f"{version(request.user.id)}:{request.user.id}:{request.get_full_path()}"
        bypass = "no-cache" in request.headers.get("Cache-Control", "")
        kept = None if bypass else cache.get(key)
        source = "BYPASS" if bypass else "MISS" if kept is None else "HIT"
        counts[source] += 1  # one process, and the interpreter's lock is held
        if kept is not None:
            response = HttpResponse(kept, content_type="application/json")
        else:
            response = view(self, request, *args, **kwargs)
            if source == "MISS":
                response.add_post_render_callback(lambda done: cache.set(key, done.content, settings.SCHOOL_TTL))
        response["X-Cache"] = source
        return private(response)

    return read


def private(response):
    patch_cache_control(response, private=True, max_age=0, must_revalidate=True)
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response
