"""`manage.py seed`: the same school each time, whatever the clock and the machine."""
import random

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from school.models import Assignment, Classroom, Grade, Person, Report

CLASSES, STUDENTS, PARENTS, WEEKS = 6, 120, 80, 8
SUBJECTS = ["art", "history", "maths", "music", "physics"]
WORDS = ["careful", "clear", "late", "lively", "neat", "patient", "thorough", "untidy"]


class Command(BaseCommand):
    help = "Fills an empty database with teachers, students, parents, grades and reports."

    def handle(self, *args, **options):
        with connection.cursor() as cursor:
            # Readers do not wait for a writer.
            cursor.execute("PRAGMA journal_mode=WAL")
        if not User.objects.exists():
            with transaction.atomic():
                fill(random.Random(1))


def fill(rng):
    password = make_password(settings.SCHOOL_PASSWORD)

    def users(role, n):
        names = [f"{role}-{i}" for i in range(1, n + 1)]
        User.objects.bulk_create([User(username=name, password=password) for name in names])
        return list(User.objects.filter(username__in=names).order_by("id"))

    admin = User.objects.create(username="admin", password=password, is_staff=True)
    Person.objects.create(user=admin, role="staff")
    teachers = users("teacher", CLASSES)
    classes = [Classroom.objects.create(name=f"{5 + i}a", teacher=user) for i, user in enumerate(teachers)]
    Person.objects.bulk_create([Person(user=user, role="teacher") for user in teachers])
    pupils = users("student", STUDENTS)
    room = {user.id: classes[i % CLASSES] for i, user in enumerate(pupils)}
    Person.objects.bulk_create([Person(user=user, role="student", classroom=room[user.id]) for user in pupils])
    students = list(Person.objects.filter(role="student").order_by("id"))
    for user in users("parent", PARENTS):
        parent = Person.objects.create(user=user, role="parent")
        parent.children.set(rng.sample(students, rng.choice([1, 1, 2])))

    Assignment.objects.bulk_create(
        Assignment(classroom=room_, subject=subject, title=f"{subject} of week {week}", week=week)
        for room_ in classes for week in range(1, WEEKS + 1) for subject in SUBJECTS
    )
    set_to = {room_.id: list(room_.assignment_set.order_by("id")) for room_ in classes}
    gift = {user.id: rng.gauss(70, 12) for user in pupils}
    Grade.objects.bulk_create(
        Grade(
            student=user,
            assignment=assignment,
            score=max(0, min(100, round(rng.gauss(gift[user.id], 10)))),
            comment=" and ".join(rng.sample(WORDS, 2)),
        )
        for user in pupils for assignment in set_to[room[user.id].id]
    )
    Report.objects.bulk_create(
        [Report(kind="classroom", subject=subject, classroom=room_) for room_ in classes for subject in ["", *SUBJECTS]]
        + [Report(kind="progress", subject=subject, student=user, classroom=room[user.id])
           for user in pupils for subject in ["", *SUBJECTS]]
    )
