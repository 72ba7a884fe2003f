"""`policy check`: every slip at once, on its line, with what was probably meant."""

import pytest

from streams.policy.builtin import DEFAULT
from streams.policy.catalogue import ANY, all_names
from streams.policy.check import check
from streams.policy.parse import load_policy
from streams.policy.problems import PolicyError, Problem
from streams.policy.tables import WEEKDAYS

PLAY = '[plays.a]\non = "signal:brand_stopped"\n[[plays.a.steps]]\ntemplate = "t"\n'


def errors(text: str) -> list[Problem]:
    return [problem for problem in check(text) if problem.severity == "error"]


def warnings(text: str) -> list[Problem]:
    return [problem for problem in check(text) if problem.severity == "warning"]


def marked(text: str) -> tuple[str, list[int]]:
    """A text without its marks, and the lines that carry one."""
    lines = text.strip("\n").split("\n")
    return "\n".join(line.removesuffix("# !") for line in lines), [
        number for number, line in enumerate(lines, start=1) if line.endswith("# !")
    ]


def test_the_default_policy_has_nothing_wrong() -> None:
    assert check(DEFAULT) == []


def test_every_slip_of_a_file_is_told_at_once_with_its_line() -> None:
    text, lines = marked(
        """
nam = "x" # !
memory = "30 days" # !

[detect]
grace = "10 min" # !
forgeting = 0.9 # !
[detect.purchase_stopped]
rule = "yearlyy" # !
per_year = "5%" # !
at_least = 3m # !
[detect.brand_stop] # !
enabled = yes # !
[detect.app_stopped]
rule = "steerd" # !
at_least = "200d" # !
[cap]
promotional = -1 # !
channel = 2.5 # !
[channels.whatsapp]
consent = "needed" # !
lists = ["promotions",
  3] # !
[plays.a]
on = "signal:brand_stoped" # !
guide = ["R8",
 "R99"] # !
goal = "ordr" # !
steps = [
  { template = "x", channels = ["email",
     "sms"] }, # !
]
[plays.b]
on = "signal:push_opted_out"
where.evidence.timing = "latte" # !
[[plays.b.steps]] # !
after = "2d"
[[plays.b.steps]]
template = "b"
after = "1d" # !
[[plays.b.steps]]
template = "b"
after = "3d"
unless = "goal"
if = "reaction" # !
list = "promotion" # !
"""
    )
    assert [problem.line for problem in errors(text)] == lines


@pytest.mark.parametrize(
    ("text", "line", "column", "path", "words"),
    [
        ("[detect]\ngrce = '1m'", 2, 1, "detect.grce", 'did you mean "grace"'),
        ("detect.grce = '1m'", 1, 1, "detect.grce", 'did you mean "grace"'),
        ("detect = { grace = '1m', grce = '1m' }", 1, 26, "detect.grce", 'did you mean "grace"'),
        ("[Cap]", 1, 1, "Cap", 'did you mean "cap"'),
        ("[cap]\nhalf_life = '1d'", 2, 1, "cap.half_life", "[receptivity]"),
        ("[present]\nwindow = '1 week'", 2, 10, "present.window", 'write "7d"'),
        ("[present]\nwindow = 7", 2, 10, "present.window", 'write "7d"'),
        ("[present]\nwindow = '0s'", 2, 10, "present.window", "more than 0"),
        ("memory = '200y'", 1, 10, "memory", "hundred years"),
        ("[holdout]\nshare = '10%'", 2, 9, "holdout.share", "write 0.1"),
        ("[holdout]\nshare = 10", 2, 9, "holdout.share", "at most 1"),
        ("[holdout]\nshare = nan", 2, 9, "holdout.share", "finite"),
        ("[own]\nmin_gaps = true", 2, 12, "own.min_gaps", "whole number"),
        ("[crosspromo]\nenabled = 'yes'", 2, 11, "crosspromo.enabled", "true or false"),
        ("version = 2", 1, 11, "version", "must be 1"),
        ("plays = 3", 1, 9, "plays", "must be a table"),
        ("[plays]\n[plays.a]", 2, 1, "plays.a", '"on" is missing'),
        ("[plays.'My play']", 1, 1, "plays.My play", "letters"),
        ("[channels.audience]", 1, 1, "channels.audience", "command topic"),
        ("[calendar]\nclosed_days = ['24.12.']", 2, 16, "calendar.closed_days[0]", "2026-12-24"),
        ("[calendar]\nclosed_days = ['2026-02-30']", 2, 16, "calendar.closed_days[0]", "2026-12-24"),
        ("[calendar]\nclosed_days = ['2026-02-02/2026-02-01']", 2, 16, "calendar.closed_days[0]", "ends"),
        ("[calendar]\nclosed_days = ['2020-01-01/2026-02-01']", 2, 16, "calendar.closed_days[0]", "a year"),
        ("[calendar]\nclosed_days = ['9999-12-31']", 2, 16, "calendar.closed_days[0]", "too far"),
        ("[calendar]\ntimezone = 'Berlin'", 2, 12, "calendar.timezone", '"Europe/Berlin"'),
        (
            f"[calendar]\nclosed_weekdays = {list(WEEKDAYS)}",
            2,
            19,
            "calendar.closed_weekdays",
            "leave a day open",
        ),
        ("[channels.email]\nquiet_hours = '9-5'", 2, 15, "channels.email.quiet_hours", '"21:00/08:00"'),
    ],
)
def test_a_slip_is_told_where_it_stands_and_how_to_mend_it(
    text: str, line: int, column: int, path: str, words: str
) -> None:
    found = [problem for problem in errors(text) if problem.path == path]
    assert [(problem.line, problem.column) for problem in found][:1] == [(line, column)]
    assert any(words in problem.message for problem in found), found


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ('on = "signal:brand_stoped"', 'did you mean "brand_stopped"'),
        ('on = "brand_stopped"', 'write "signal:brand_stopped"'),
        ('on = "order.completed"', 'write "event:order.completed"'),
        ('on = "event:order.complete"', 'did you mean "order.completed"'),
        ('on = "event:custom"\ngoal = "anything"', "there are any_activity"),
        ('on = "event:custom"\nguide = ["R30"]', "unknown row of the guide"),
        ('on = "signal:push_opted_out"\nwhere = { timing = "late" }', "unknown field of a signal"),
        (
            'on = "signal:email_opted_out"\nwhere = { "evidence.how" = "spam" }',
            "unknown value of evidence.how",
        ),
    ],
)
def test_a_play_can_only_answer_what_exists(slip: str, words: str) -> None:
    (problem,) = errors(PLAY.replace('on = "signal:brand_stopped"', slip))
    assert problem.line == 1 + len(slip.split("\n"))
    assert words in problem.message


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ('channels = ["email", "sms"]', 'unknown channel "sms"'),
        ('channels = "all"', "unknown way to choose a channel"),
        ("channels = []", "empty"),
        ('channels = ["email", "email"]', "twice"),
        ('channels = "other_than_signal"', "about no channel"),
        ('list = "promotion"', 'did you mean "promotions"'),
        ('variables = ["last_categry"]', 'did you mean "last_category"'),
        ('offer = ["sales"]', 'did you mean "sale"'),
        ('template = ""', "empty"),
        ('expires_after = "2 d"', 'write "2d"'),
    ],
)
def test_a_step_can_only_use_what_exists(slip: str, words: str) -> None:
    text = PLAY if not slip.startswith("template") else PLAY.replace('template = "t"\n', "")
    (problem,) = errors(f"{text}{slip}\n")
    assert problem.line == len(f"{text}{slip}".split("\n"))
    assert words in problem.message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[detect]\ngrace = 10m\n", 2, 'durations stand in quotes: "10m"'),
        ("[detect.app_stopped]\nrule = yearly\n", 2, 'text stands in quotes: "yearly"'),
        ("[crosspromo]\nenabled = True\n", 2, "write true or false"),
        ("[crosspromo]\nenabled =\n", 2, "the value is missing"),
        ("\n\n[detect\n", 3, "no TOML"),
        ("[own]\n[cap]\n[own]\n", 3, "[own] is given twice"),
        ("[own]\nmin_gaps = 1\nmin_gaps = 2\n", 3, "is given twice"),
        ("[calendar]\nclosed_days = [\n]\nclosed_days = [\n]\n", 4, "is given twice"),
        ("[calendar]\nclosed_days = [\n", 2, "too early"),
        ("a = " + "[" * 5_000, 1, "nested too deeply"),
        ("[plays.a]\nsteps = [{ template = 'a',\n }]\n", 2, "one line"),
    ],
)
def test_what_is_no_toml_is_told_in_words_for_people(text: str, line: int, words: str) -> None:
    problem = errors(text)[0]
    assert problem.line == line
    assert words in problem.message


def test_a_broken_statement_does_not_hide_the_slips_after_it() -> None:
    found = errors("memory = 2y\nnam = 'x'\n[own]\n[own]\nmin_gap = 3\n[cap]\nchannel = 'two'\n")
    assert [(problem.line, problem.path) for problem in found] == [
        (1, ""),
        (2, "nam"),
        (4, ""),
        (7, "cap.channel"),
    ]


def test_windows_line_ends_and_byte_order_marks_move_no_line() -> None:
    (problem,) = errors('\ufeffname = "a"\r\nmemry = "2y"\r\n')
    assert (problem.line, problem.column) == (2, 1)


def test_a_common_value_that_is_wrong_is_told_once() -> None:
    assert [problem.path for problem in errors('[detect]\ngrace = "soon"\n')] == ["detect.grace"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[channels.sms]\nquiet_hours = "21:00/08:00"', "channels.sms.quiet_hours"),
        ('[plays.a]\non = "state:new"\nsteps = [{ template = "t" }]', "plays.a.on"),
        (
            '[plays.a]\non = "event:custom"\nchanged_policy = "stop"\nsteps = [{ template = "t" }]',
            "plays.a.changed_policy",
        ),
        ('[plays.a]\non = "event:custom"\nsteps = [{ template = "t", if = "goal" }]', "plays.a.steps[0].if"),
    ],
)
def test_what_would_silently_not_happen_is_refused(text: str, path: str) -> None:
    (problem,) = errors(text)
    assert problem.path == path
    assert "not built yet" in problem.message
    with pytest.raises(PolicyError, match="not built yet"):
        load_policy(text)


def test_a_number_that_nothing_reads_yet_is_a_warning() -> None:
    (problem,) = warnings(PLAY + "[dialback]\nrate = 1\nexit = 3\n")
    assert (problem.line, problem.path) == (7, "dialback.exit")
    assert "not acted on yet" in problem.message


def test_visit_days_further_back_than_deafness_are_a_warning() -> None:
    (problem,) = warnings(PLAY + '[deaf]\nconsistent = "20d"\n')
    assert (problem.line, problem.path) == (6, "deaf.consistent")
    (problem,) = warnings(PLAY + '[visit]\nregular_within = "40d"\n')
    assert (problem.line, problem.path) == (6, "visit.regular_within")


def test_a_number_of_another_rule_is_a_warning() -> None:
    (problem,) = warnings(PLAY + '[detect.app_stopped]\nafter = "30d"\n')
    assert (problem.line, problem.path) == (6, "detect.app_stopped.after")
    assert "fixed" in problem.message


def test_a_file_without_plays_is_a_warning() -> None:
    assert [problem.severity for problem in check("")] == ["warning"]


def test_channels_that_do_not_fit_into_the_campaign_are_a_warning() -> None:
    (problem,) = warnings(PLAY + '[campaign]\nspacing = "1d"\n')
    assert problem.path == "campaign.spacing"


def test_a_problem_reads_as_one_line() -> None:
    (problem,) = errors("[detect]\ngrce = '1m'\n" + PLAY)
    assert str(problem) == 'error: line 2: detect.grce: unknown name "grce": did you mean "grace"?'


@pytest.mark.parametrize("junk", [f"0x{'f' * 5_000}", "nan", "-1", "2026-01-01", "''", "[]", "{}", "[[]]"])
def test_whatever_stands_under_a_name_is_judged(junk: str) -> None:
    for name in all_names():
        path = ".".join(part if part != ANY else "a" for part in name.path)
        assert {problem.line for problem in check(f"{path} = {junk}")} == {1}


def test_a_number_too_long_to_read_has_its_place() -> None:
    (problem,) = errors(PLAY + f"[own]\nmin_gaps = {'9' * 5_000}\n")
    assert (problem.line, problem.column) == (6, 12)


def test_a_condition_that_is_no_single_value_is_told_once() -> None:
    (problem,) = errors(PLAY.replace("[[", "where = { stage = [1] }\n[[", 1))
    assert (problem.line, problem.path) == (3, "plays.a.where.stage")
