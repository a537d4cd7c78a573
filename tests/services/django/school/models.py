"""Who is at the school, what was graded, and which reports there are."""
from django.contrib.auth.models import User
from django.db import models


class Classroom(models.Model):
    name = models.CharField(max_length=20)
    teacher = models.ForeignKey(User, models.CASCADE, related_name="classrooms")


class Person(models.Model):
    """The part of a user that the school knows."""

    user = models.OneToOneField(User, models.CASCADE)
    role = models.CharField(max_length=10, db_index=True)
    classroom = models.ForeignKey(Classroom, models.CASCADE, null=True, related_name="students")
    children = models.ManyToManyField("self", symmetrical=False, related_name="parents")

    def students(self):
        """Ids (of users) of those whose grades this person may read."""
        if self.role == "student":
            return [self.user_id]
        if self.role == "parent":
            return sorted(self.children.values_list("user_id", flat=True))
        pupils = Person.objects.filter(classroom__teacher=self.user_id)
        return list(pupils.order_by("user_id").values_list("user_id", flat=True))

    def classes(self):
        """Ids of the classes that they teach, learn in, or have children in."""
        if self.role in ("teacher", "staff"):
            return sorted(self.user.classrooms.values_list("id", flat=True))
        if self.role == "parent":
            return sorted(set(self.children.values_list("classroom", flat=True)))
        return [self.classroom_id]


class Assignment(models.Model):
    classroom = models.ForeignKey(Classroom, models.CASCADE)
    subject = models.CharField(max_length=20)
    title = models.CharField(max_length=60)
    week = models.IntegerField()


class Grade(models.Model):
    student = models.ForeignKey(User, models.CASCADE)
    assignment = models.ForeignKey(Assignment, models.CASCADE)
    score = models.IntegerField()
    comment = models.TextField()


class Report(models.Model):
    """What a report is of; its content is computed when it is read (`reports.py`)."""

    kind = models.CharField(max_length=10)  # progress (of a student) or classroom
    subject = models.CharField(max_length=20, blank=True)  # empty: all of them
    student = models.ForeignKey(User, models.CASCADE, null=True)
    classroom = models.ForeignKey(Classroom, models.CASCADE)
