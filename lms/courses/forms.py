"""The words for the refusals of courses."""

from typing import Any

from flask_babel import lazy_gettext as _l

MESSAGES: dict[str, Any] = {
    "courses.course.not_found": _l("没有找到这门课。"),
    "courses.course.requires": _l("先学完《%(title)s》，再学这一门。"),
    "courses.enrolment.moved_on": _l("这一步刚刚已经办过了。请刷新看看。"),
    "courses.lesson.not_found": _l("没有找到这一课。"),
    "courses.note.long": _l("笔记最多 %(longest)s 个字。请删短一点，再存一次。"),
    "courses.paragraph.unknown": _l("没有找到这一段话。课文可能更新过，请回到课程页再进来。"),
    "courses.part.not_found": _l("没有找到这一段。课文可能更新过，请回到课程页再进来。"),
    "courses.part.choose": _l("先选一项，再看对不对。选错也没关系，这里不算分。"),
    "courses.lesson.questions_first": _l("还有“想一想”没有做，做完就学完这一课了。"),
    "courses.programme.not_found": _l("没有找到这个培训计划。请告诉系统管理员，内容文件可能没有装全。"),
    "courses.quiz.lessons_first": _l("先把课文学完，测验就开放了。"),
}
