"""Where everything is."""
from django.contrib.auth.views import LoginView
from django.urls import path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.routers import SimpleRouter

from . import api

router = SimpleRouter()
router.register("api/people", api.People, "person")
router.register("api/reports", api.Reports, "report")
router.register("api/grades", api.Grades, "grade")
urlpatterns = [
    path("accounts/login/", LoginView.as_view()),
    path("api/token/", obtain_auth_token),
    path("api/cache/", api.own_cache),
    *router.urls,
]
