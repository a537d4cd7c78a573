"""Settings of the school: everything that differs between deployments is an environment variable."""
import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).parent
SECRET_KEY = secrets.token_hex(32)
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "school.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_REDIRECT_URL = "/api/reports/"

SCHOOL_PASSWORD = os.environ["SCHOOL_PASSWORD"]
SCHOOL_CACHE = os.environ.get("SCHOOL_CACHE", "on") != "off"
SCHOOL_TTL = int(os.environ.get("SCHOOL_TTL", "300"))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "rest_framework.authtoken",
    "school",
]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "school.middleware.Revalidation",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SCHOOL_DB", "school.sqlite3"),
        "OPTIONS": {"timeout": 20},
    }
}
# One process serves, so its own memory can be the cache.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
# A hundred people log in at once when a run begins. A slow hash, right elsewhere,
# would make that the longest part of it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "school.pages.Pages",
}
