"""The school over HTTP."""
from django.core.cache import cache
from django.db.models import Q
from django.shortcuts import get_object_or_404
from rest_framework import serializers, viewsets
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAdminUser
from rest_framework.response import Response

from . import reports
from .cached import counts, forget, per_person
from .models import Grade, Person
from .pages import Pages


class PersonSerializer(serializers.ModelSerializer):
    id = serializers.IntegerField(source="user_id")
    username = serializers.CharField(source="user.username")
    students = serializers.ListField()
    classes = serializers.ListField()

    class Meta:
        model = Person
        fields = ["id", "username", "role", "students", "classes"]


class People(viewsets.ReadOnlyModelViewSet):
    """Who there is. `?role=` narrows it."""

    permission_classes = [IsAdminUser]
    serializer_class = PersonSerializer

    def get_queryset(self):
        people = Person.objects.select_related("user").order_by("id")
        role = self.request.query_params.get("role")
        return people.filter(role=role) if role else people


class Reports(viewsets.ViewSet):
    """The reader's reports. `?kind=` and `?subject=` narrow the list."""

    @per_person
    def list(self, request):
        found = reports.visible_to(request.user.person).order_by("id")
        for name in ("kind", "subject"):
            if name in request.query_params:
                found = found.filter(**{name: request.query_params[name]})
        pages = Pages()
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response([reports.head(report) for report in page])

    @per_person
    def retrieve(self, request, pk):
        report = get_object_or_404(reports.visible_to(request.user.person), pk=pk)
        return Response(reports.whole(report))


class GradeSerializer(serializers.ModelSerializer):
    score = serializers.IntegerField(min_value=0, max_value=100)
    classroom = serializers.IntegerField(source="assignment.classroom_id", read_only=True)
    title = serializers.CharField(source="assignment.title", read_only=True)

    class Meta:
        model = Grade
        fields = ["id", "student", "classroom", "title", "score", "comment"]
        read_only_fields = ["student"]


class Grades(viewsets.ViewSet):
    """The grades that concern the reader; teachers change those of their classes."""

    @per_person
    def list(self, request):
        found = Grade.objects.filter(student__in=request.user.person.students())
        pages = Pages()
        page = pages.paginate_queryset(found.select_related("assignment").order_by("id"), request, view=self)
        return pages.get_paginated_response(GradeSerializer(page, many=True).data)

    def partial_update(self, request, pk):
        own = Grade.objects.select_related("assignment").filter(assignment__classroom__teacher=request.user)
        grade = get_object_or_404(own, pk=pk)
        change = GradeSerializer(grade, data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        change.save()
        # The ranking in a report of the class and of each student is over the whole class.
        room = grade.assignment.classroom_id
        concerned = Person.objects.filter(Q(classroom=room) | Q(children__classroom=room)).distinct()
        forget([request.user.id, *concerned.values_list("user_id", flat=True)])
        return Response(change.data)


@api_view(["GET", "DELETE"])
@permission_classes([IsAdminUser])
def own_cache(request):
    """What the cache did so far; DELETE empties it."""
    if request.method == "DELETE":
        cache.clear()
        counts.update(HIT=0, MISS=0, BYPASS=0)
    return Response({"backend": "locmem", "hit": counts["HIT"], "miss": counts["MISS"], "bypass": counts["BYPASS"]})
