"""Walks a scenario: a pure function of where the conversation stands and what was heard.

===============  ==========================  =========================================================
at               heard                       next
===============  ==========================  =========================================================
any step         opt_out                     ``opt_out_step`` or a final refusal; result opt_out
audio            an intent it names          that step
audio            another intent              the intents it falls back to (below), else the same step
                                             again, ``max_attempts`` (1) times; then the end
determinant      a refusal                   its ``deny`` step, whatever its result: not_interested when
                                             that step is final; a second refusal ends the call so too
handler          an objection it can answer  the answer, then listen again
handler          none it can answer, or too  ``fallback_step``
                 many answers already
after an answer  an intent it names          that step
after an answer  affirm                      ``success_step``
after an answer  silence, not_understood     ``success_step``: the question is asked again
after an answer  objection, question, deny,  the next answer, or ``fallback_step``
                 what counts as one of them
any step         ``STEP_VISITS`` times been  the end: no_answer after silence, else not_understood
===============  ==========================  =========================================================

Intents a scenario may leave out: callback, wrong_person, already_customer and voicemail count as
deny, transfer as question; then ``*``; where there is none, question and objection count as each other.

The state is plain data: the same walk can be made again from the intents and texts that were stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from minibot_fs.dialog.intent import Intent
from minibot_fs.dialog.objections import ObjectionMatch
from minibot_fs.dialog.scenario import FALLBACK, Scenario, Step, StepType

STEP_VISITS = 3
"""How often a walk may come to the same step; with it every walk is bounded."""

ANSWER_TIMEOUT_S = 4.0
DEFAULT_REPEATS = 1
DETERMINANT_REFUSALS = 2
FALLS_BACK_TO = {
    Intent.CALLBACK: Intent.DENY,
    Intent.WRONG_PERSON: Intent.DENY,
    Intent.ALREADY_CUSTOMER: Intent.DENY,
    Intent.VOICEMAIL: Intent.DENY,
    Intent.TRANSFER: Intent.QUESTION,
}
COUNTS_AS_WITHOUT_STAR = {
    Intent.QUESTION: Intent.OBJECTION,
    Intent.TRANSFER: Intent.OBJECTION,
    Intent.OBJECTION: Intent.QUESTION,
}
ANSWERABLE = (Intent.OBJECTION, Intent.QUESTION, Intent.DENY)
REFUSALS = ("not_interested", "refused", "no_answer")


class Matcher(Protocol):
    """Finds the objection that an utterance is."""

    def match(self, text: str, exclude: Collection[str] = ()) -> ObjectionMatch | None:
        """The best objection above the least score that is not excluded."""


@dataclass(frozen=True)
class Heard:
    """What came from the caller."""

    intent: Intent
    text: str = ""


@dataclass(frozen=True)
class PromptRef:
    """A recording to play, relative to the sounds folder, and its words."""

    audio_path: str
    text: str


@dataclass(frozen=True)
class Listen:
    """How to wait for an answer."""

    timeout_s: float
    dtmf: Mapping[str, Intent] = field(default_factory=dict)
    expected: tuple[str, ...] = ()


@dataclass(frozen=True)
class WalkState:
    """Where a conversation stands.

    ``visits`` counts how often each step was come to, ``repeats`` how often in a row this one was
    repeated, ``answered`` the objections that got their answer, ``answers_here`` those of this visit.
    """

    step: str
    visits: Mapping[str, int] = field(default_factory=dict)
    repeats: int = 0
    refusals: int = 0
    answered: tuple[str, ...] = ()
    answers_here: int = 0
    over: bool = False


@dataclass(frozen=True)
class Move:
    """What to do now. Final when ``result`` is set; without ``listen`` the next move follows at once."""

    state: WalkState
    step: str
    prompts: tuple[PromptRef, ...]
    listen: Listen | None
    barge_in: bool
    result: str | None
    why: str
    grace_period_s: float | None = None


class Walker:
    """See the module.

    Args:
        matcher: of the scenario's theme; ``None`` where it has none.
    """

    def __init__(self, scenario: Scenario, matcher: Matcher | None) -> None:
        self._scenario = scenario
        self._matcher = matcher

    def start(self) -> Move:
        first = self._scenario.first_step
        return self._come_to(WalkState(first), first, Heard(Intent.SILENCE), "start")

    def advance(self, state: WalkState, heard: Heard) -> Move:
        """The move that follows what was heard.

        Raises:
            ValueError: the conversation is over.
        """
        if state.over:
            raise ValueError(f"the conversation was over at step {state.step}")
        if heard.intent is Intent.OPT_OUT:
            return self._opt_out(state)
        step = self._scenario.steps[state.step]
        if step.type is StepType.OBJECTION_HANDLER:
            return self._after_answer(state, step, heard)
        return self._after_step(state, step, heard)

    def goodbye(self) -> PromptRef | None:
        """What to say when a call must end for a reason of our own."""
        name = self._scenario.final_step(*REFUSALS) or self._any_final()
        return self._prompt(self._scenario.steps[name]) if name else None

    def bound(self) -> int:
        """No walk has more moves than this, whatever is heard."""
        repeats = max((self._repeats(step) for step in self._scenario.steps.values()), default=0)
        visits = len(self._scenario.steps) * STEP_VISITS
        answers = self._scenario.max_autonomous_turns
        return visits * (repeats + 2) + answers + 2

    # ------------------------------------------------------------------ from a step

    def _after_step(self, state: WalkState, step: Step, heard: Heard) -> Move:
        intent = heard.intent
        if not step.listens and not step.is_final:
            target = step.transitions.get(FALLBACK) or next(iter(step.transitions.values()), None)
            return self._come_to(state, target, heard, "said") if target else self._end(state, heard)
        target = self._target(step, intent)
        if step.is_determinant and self._effective(step, intent) is Intent.DENY:
            state = replace(state, refusals=state.refusals + 1)
            final = target is not None and self._scenario.steps[target].is_final
            if final or state.refusals >= DETERMINANT_REFUSALS:
                return self._finish(
                    state, "not_interested", f"refused at {state.step}", target if final else None
                )
        if target is not None:
            return self._come_to(state, target, heard, f"{state.step} heard {intent}")
        if state.repeats < self._repeats(step):
            state = replace(state, repeats=state.repeats + 1)
            return self._play(state, step, f"{state.step} again after {intent}")
        return self._end(state, heard)

    def _effective(self, step: Step, intent: Intent) -> Intent:
        """The intent that counts at this step."""
        if intent not in step.transitions and intent in FALLS_BACK_TO:
            return FALLS_BACK_TO[intent]
        return intent

    def _target(self, step: Step, intent: Intent) -> str | None:
        transitions = step.transitions
        for name in (intent, FALLS_BACK_TO.get(intent), FALLBACK, COUNTS_AS_WITHOUT_STAR.get(intent)):
            if name is not None and name in transitions:
                return transitions[name]
        return None

    def _repeats(self, step: Step) -> int:
        if step.type is StepType.OBJECTION_HANDLER:
            return 0
        return DEFAULT_REPEATS if step.max_attempts is None else step.max_attempts

    # ------------------------------------------------------------------ to a step

    def _come_to(self, state: WalkState, name: str, heard: Heard, why: str) -> Move:
        step = self._scenario.steps[name]
        visits = state.visits.get(name, 0) + 1
        if visits > STEP_VISITS and not step.is_final:
            return self._end(state, heard)
        state = replace(state, step=name, visits={**state.visits, name: visits}, repeats=0)
        if step.type is StepType.OBJECTION_HANDLER:
            return self._answer(replace(state, answers_here=0), step, heard, why)
        return self._play(state, step, why)

    def _play(self, state: WalkState, step: Step, why: str) -> Move:
        listen = Listen(step.timeout, step.dtmf, step.expected) if step.listens else None
        result = (step.result or "completed") if step.is_final else None
        state = replace(state, over=step.is_final)
        return Move(
            state, state.step, (self._prompt(step),), listen, step.barge_in, result, why, step.grace_period
        )

    def _prompt(self, step: Step) -> PromptRef:
        return PromptRef(step.audio_path, step.text)

    # ------------------------------------------------------------------ objections

    def _answer(self, state: WalkState, step: Step, heard: Heard, why: str) -> Move:
        """Answer the objection, if there is one, it is known and there are answers left."""
        attempts = self._scenario.max_autonomous_turns if step.max_attempts is None else step.max_attempts
        left = state.answers_here < attempts and len(state.answered) < self._scenario.max_autonomous_turns
        found = None
        intent = FALLS_BACK_TO.get(heard.intent, heard.intent)
        if left and self._matcher is not None and intent in ANSWERABLE:
            found = self._matcher.match(heard.text, exclude=state.answered)
        if found is None:
            return self._fall_back(
                state, step, heard, "no answer left" if not left else "no objection matched"
            )
        state = replace(
            state,
            answered=(*state.answered, found.objection),
            answers_here=state.answers_here + 1,
        )
        prompt = PromptRef(f"{self._scenario.voice}/objections/{found.audio_file}", found.response)
        reason = f"{why}; {found.objection!r} {found.score:.2f}"
        timeout_s = step.timeout or ANSWER_TIMEOUT_S
        listen = Listen(timeout_s, step.dtmf, step.expected)
        return Move(state, state.step, (prompt,), listen, step.barge_in, None, reason, step.grace_period)

    def _after_answer(self, state: WalkState, step: Step, heard: Heard) -> Move:
        if named := step.transitions.get(heard.intent):
            return self._come_to(state, named, heard, f"{heard.intent} after an answer")
        settled = (Intent.AFFIRM, Intent.SILENCE, Intent.NOT_UNDERSTOOD)
        if heard.intent in settled and step.success_step:
            return self._come_to(state, step.success_step, heard, f"{heard.intent} after an answer")
        return self._answer(state, step, heard, f"{heard.intent} after an answer")

    def _fall_back(self, state: WalkState, step: Step, heard: Heard, why: str) -> Move:
        if step.fallback_step:
            return self._come_to(state, step.fallback_step, heard, why)
        return self._finish(state, "not_interested", why)

    # ------------------------------------------------------------------ the end

    def _end(self, state: WalkState, heard: Heard) -> Move:
        """Nothing leads on from here."""
        result = "no_answer" if heard.intent is Intent.SILENCE else "not_understood"
        return self._finish(state, result, f"nothing follows {heard.intent} at {state.step}")

    def _opt_out(self, state: WalkState) -> Move:
        name = self._scenario.opt_out_step or self._scenario.final_step("opt_out", *REFUSALS)
        return self._finish(state, "opt_out", "opt_out", step_name=name)

    def _finish(self, state: WalkState, result: str, why: str, step_name: str | None = None) -> Move:
        """End with this result, through the final step that has it or the politest there is."""
        name = step_name or self._scenario.final_step(result, *REFUSALS) or self._any_final()
        prompts = (self._prompt(self._scenario.steps[name]),) if name else ()
        state = replace(state, step=name or state.step, over=True)
        return Move(state, state.step, prompts, None, barge_in=False, result=result, why=why)

    def _any_final(self) -> str | None:
        finals = [
            name for name, step in self._scenario.steps.items() if step.is_final and step.result != "success"
        ]
        return finals[0] if finals else None
