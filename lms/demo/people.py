"""Who works in the made-up 晨光街道. All names are invented; rare characters and a middle dot are on purpose."""

from dataclasses import dataclass

from lms.access.identity import Role
from lms.people.rules import Employment, Post, Sex, StaffState

DISTRICT = ("云川区", "Yunchuan District")
OFFICE = ("晨光街道", "Chenguang Sub-district")
COMMUNITIES = (
    ("晨光社区", "Chenguang Community"),
    ("育才社区", "Yucai Community"),
    ("河东社区", "Hedong Community"),
)
GRIDS_EACH = 3

F, M = Sex.FEMALE, Sex.MALE


@dataclass(frozen=True)
class Cast:
    """One invented person. ``place``: '' the office, '2' the second community, '2.3' its third grid."""

    number: str
    name: str
    sex: Sex
    born: str
    place: str
    state: StaffState
    role: Role | None = None
    post: Post | None = None
    employment: Employment = Employment.FULL_TIME
    known: bool = False
    is_committee: bool | None = True
    """Of grid leaders: whether a member of the 两委; None: the office has not said."""
    exception: str = ""


A, T, C = StaffState.ACTIVE, StaffState.TRAINEE, StaffState.CANDIDATE
INS, INF, MED, FOL, LEAD = Post.INSPECTION, Post.INFORMATION, Post.MEDIATION_SERVICE, Post.FOLLOW_UP, Post.GRID_LEADER
PART = Employment.PART_TIME

CAST: tuple[Cast, ...] = (
    # The six of the user journeys, and the two administrators. Their sign-ins stand in the README.
    Cast("CG0001", "陈志强", M, "1985-03", "", A, Role.OFFICIAL, known=True),
    Cast("CG0002", "周雅琴", F, "1979-11", "", A, Role.OFFICIAL, known=True),
    Cast("CG0003", "赵敏", F, "1992-06", "", A, Role.TRAINER, known=True),
    Cast("CG0101", "王建国", M, "1977-01", "1.3", A, Role.MENTOR, INS, known=True),
    Cast("CG0102", "孙丽", F, "1988-09", "1.3", A, Role.GRID_LEADER, LEAD, known=True),
    Cast("CG0231", "李秀兰", F, "1974-05", "1.3", T, post=INS, known=True),
    Cast("SYS001", "何远", M, "1990-04", "", A, Role.SYSTEM_ADMIN, known=True),
    Cast("AUD001", "沈静", F, "1987-12", "", A, Role.AUDIT_ADMIN, known=True),
    # Approves what the two others have prepared
    Cast("CG0004", "塔娜", F, "1974-11", "", A, Role.OFFICIAL),
    # Grid leaders
    Cast("CG0103", "马晓峰", M, "1982-02", "1.1", A, Role.GRID_LEADER, LEAD),
    Cast("CG0104", "娜仁图雅", F, "1986-07", "1.2", A, Role.GRID_LEADER, LEAD),
    Cast("CG0105", "郭永福", M, "1975-10", "2.1", A, Role.GRID_LEADER, LEAD),
    Cast("CG0106", "高春梅", F, "1983-05", "2.2", A, Role.GRID_LEADER, LEAD),
    Cast("CG0107", "赵㛃", F, "1990-08", "2.3", A, Role.GRID_LEADER, LEAD, is_committee=None),
    Cast("CG0108", "宝音德力格尔·巴特尔", M, "1984-03", "3.1", A, Role.GRID_LEADER, LEAD),
    Cast("CG0109", "欧阳海燕", F, "1981-01", "3.2", A, Role.GRID_LEADER, LEAD),
    Cast(
        "CG0110",
        "石磊",
        M,
        "1989-06",
        "3.3",
        A,
        Role.GRID_LEADER,
        LEAD,
        is_committee=False,
        exception="社区推荐，熟悉老旧小区，街道同意",
    ),
    # Officers on duty, some of them mentors
    Cast("CG0111", "乌兰", F, "1982-04", "1.1", A, Role.MENTOR, MED),
    Cast("CG0112", "郑国栋", M, "1976-08", "2.1", A, Role.MENTOR, INS),
    Cast("CG0113", "韩凤霞", F, "1979-02", "2.2", A, Role.MENTOR, FOL),
    Cast("CG0114", "白云飞", M, "1988-12", "3.1", A, Role.MENTOR, INF),
    Cast("CG0115", "冯桂芝", F, "1973-03", "1.2", A, post=INS),
    Cast("CG0116", "田野", M, "1991-07", "1.2", A, post=INF),
    Cast("CG0117", "张伟", M, "1985-10", "1.1", A, post=INS),
    Cast("CG0118", "张伟", M, "1990-01", "1.1", A, post=FOL, employment=PART),
    Cast("CG0119", "刘䶮", M, "1987-05", "2.1", A, post=INF),
    Cast("CG0120", "曹美玲", F, "1984-09", "2.2", A, post=MED),
    Cast("CG0121", "苏日娜", F, "1993-02", "2.3", A, post=INS),
    Cast("CG0122", "董长河", M, "1972-11", "2.3", A, post=FOL, employment=PART),
    Cast("CG0123", "贾文静", F, "1989-04", "3.1", A, post=INS),
    Cast("CG0124", "任大勇", M, "1978-06", "3.2", A, post=INS),
    Cast("CG0125", "潘晓燕", F, "1992-10", "3.2", A, post=INF),
    Cast("CG0126", "朱喆", M, "1986-01", "3.3", A, post=INS),
    Cast("CG0127", "田秀英", F, "1975-07", "3.3", A, post=FOL, employment=PART),
    # Newcomers of this year, in all stages of onboarding
    Cast("CG0219", "周桂英", F, "1976-03", "1.1", T, post=INS),
    Cast("CG0220", "吴大海", M, "1983-08", "1.1", T, post=INF),
    Cast("CG0221", "徐静怡", F, "1995-05", "1.2", T, post=MED),
    Cast("CG0222", "乌云·其其格", F, "1987-10", "1.2", T, post=INS),
    Cast("CG0223", "孔令辉", M, "1980-12", "1.3", T, post=FOL, employment=PART),
    Cast("CG0224", "彭丽华", F, "1978-09", "2.1", T, post=INS),
    Cast("CG0225", "萧堃", M, "1990-02", "2.1", T, post=INF),
    Cast("CG0226", "赵芳", F, "1985-06", "2.1", T, post=MED),
    Cast("CG0227", "蔡文斌", M, "1982-01", "2.2", T, post=INS),
    Cast("CG0228", "刘卫东", M, "1974-04", "2.2", T, post=FOL),
    Cast("CG0229", "杜鹃", F, "1993-11", "2.2", T, post=INF),
    Cast("CG0230", "汪洋", M, "1988-07", "2.3", T, post=INS),
    Cast("CG0232", "夏雨荷", F, "1991-09", "2.3", T, post=MED),
    Cast("CG0233", "钟建华", M, "1977-05", "3.1", T, post=INS),
    Cast("CG0234", "其木格", F, "1984-08", "3.1", T, post=INF),
    Cast("CG0235", "邓小龙", M, "1994-03", "3.1", T, post=INS),
    Cast("CG0236", "许秋菊", F, "1979-10", "3.2", T, post=MED),
    Cast("CG0237", "傅振东", M, "1981-06", "3.2", T, post=INS),
    Cast("CG0238", "沈阿娣", F, "1973-12", "3.2", T, post=FOL, employment=PART),
    Cast("CG0239", "魏国强", M, "1986-02", "3.3", T, post=INS),
    Cast("CG0240", "姜雪", F, "1996-01", "3.3", T, post=INF),
    Cast("CG0241", "范志刚", M, "1980-04", "3.3", T, post=INS),
    # Candidates
    Cast("CG0301", "丁玉兰", F, "1977-08", "1.2", C),
    Cast("CG0302", "叶浩然", M, "1998-05", "2.1", C),
    Cast("CG0303", "阿拉坦·苏和", M, "1989-03", "3.1", C),
    Cast("CG0304", "史丽娜", F, "1992-12", "3.3", C),
)
