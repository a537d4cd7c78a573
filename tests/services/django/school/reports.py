"""What reports say: aggregates over grades, computed by the database at each call."""
from django.db.models import Avg, Count, Max, Min, Q

from .models import Grade, Report


def visible_to(person):
    """The reports that concern a person."""
    if person.role == "teacher":
        return Report.objects.filter(classroom__teacher=person.user_id)
    return Report.objects.filter(student__in=person.students())


def grades_of(report):
    grades = Grade.objects.filter(assignment__classroom=report.classroom_id)
    if report.student_id:
        grades = grades.filter(student=report.student_id)
    return grades.filter(assignment__subject=report.subject) if report.subject else grades


def head(report):
    """A report in a list: one aggregate."""
    totals = grades_of(report).aggregate(grades=Count("id"), average=Avg("score"))
    return {
        "id": report.id,
        "kind": report.kind,
        "subject": report.subject or None,
        "student": report.student_id,
        "classroom": report.classroom_id,
        **totals,
    }


def whole(report):
    """A report in full."""
    grades = grades_of(report)
    of_class = Grade.objects.filter(assignment__classroom=report.classroom_id)
    score = {"grades": Count("id"), "average": Avg("score"), "lowest": Min("score"), "highest": Max("score")}
    body = head(report)
    body["subjects"] = list(grades.values("assignment__subject").annotate(**score).order_by("assignment__subject"))
    body["weeks"] = list(grades.values("assignment__week").annotate(**score).order_by("assignment__week"))
    body["class_average"] = of_class.aggregate(average=Avg("score"))["average"]
    body["bands"] = grades.aggregate(
        **{f"from_{low}": Count("id", filter=Q(score__gte=low, score__lt=low + 20)) for low in (0, 20, 40, 60)},
        from_80=Count("id", filter=Q(score__gte=80)),
    )
    # Ranked among the class, the best first.
    body["ranking"] = [
        {"place": place, "student": row["student"], "average": row["average"]}
        for place, row in enumerate(of_class.values("student").annotate(average=Avg("score")).order_by("-average", "student"), 1)
        if report.student_id in (None, row["student"])
    ]
    if report.student_id:
        body["comments"] = list(grades.order_by("-assignment__week", "id").values("id", "score", "comment"))
    else:
        body["hardest"] = list(
            grades.values("assignment", "assignment__title").annotate(average=Avg("score")).order_by("average")[:5]
        )
    return body
