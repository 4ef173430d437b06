"""The words for what is refused about changes of the rules."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_DONE = _l("Nothing was changed")
_NOT_APPROVED = _l("It is not approved")

CHANGES: Mapping[str, Answer] = {
    "change_approver_benefits": Answer(
        403,
        _NOT_APPROVED,
        _l("You would gain by it, yourself or through a unit, a role or a second account."),
    ),
    "change_author_approves": Answer(
        403,
        _NOT_APPROVED,
        _l(
            "Who wrote it does not approve it. Accounts of one name count as one person unless "
            "each has its own staff number."
        ),
    ),
    "change_author_benefits": Answer(
        403,
        _NOT_APPROVED,
        _l(
            "Its author would gain by it, directly or through a unit, a role or a second account. "
            "Another security administrator has to draft it."
        ),
    ),
    "change_beyond": Answer(
        403, _NOT_DONE, _l("It gives what a security administrator does not administer.")
    ),
    "change_blocked": Answer(
        409,
        _NOT_DONE,
        _l("Something stands in its way as people and rules are now. Look at what it does anew."),
    ),
    "change_clock_went_back": Answer(
        409,
        _NOT_DONE,
        _l("The gateway's clock shows less than it did before. The trial is rolled back."),
    ),
    "change_edited": Answer(
        409,
        _l("It was not saved"),
        _l(
            "Somebody saved a newer draft meanwhile. What you typed stands below; look at the "
            "newer draft, then send it again."
        ),
    ),
    "change_no_reason": Answer(422, _NOT_DONE, _l("Give a reason of 2 to 2000 characters.")),
    "change_not_examined": Answer(
        409, _NOT_DONE, _l("Find out first what this draft would do: nobody approves unseen.")
    ),
    "change_not_fresh_session": Answer(
        409,
        _l("It is not confirmed"),
        _l(
            "Sign out and in again first: only a sign-in under the new version proves that one "
            "can still be made."
        ),
    ),
    "change_people_moved": Answer(
        409,
        _NOT_DONE,
        _l(
            "People, roles or services changed at the same moment, so what was found out no longer "
            "holds. Publish it again."
        ),
    ),
    "change_rebase": Answer(
        409,
        _NOT_DONE,
        _l(
            "Another version was published meanwhile. Take it over into the draft, and look at "
            "what it does anew."
        ),
    ),
    "change_not_approved": Answer(
        409,
        _NOT_DONE,
        _l("It is not approved; an edit makes an approval void. Ask for approval first."),
    ),
    "change_published": Answer(
        409, _NOT_DONE, _l("It was published before. Look at where it stands now.")
    ),
    "change_stale": Answer(
        409,
        _NOT_DONE,
        _l("What you were shown is no longer what there is. Look at it again."),
    ),
    "change_terms": Answer(422, _NOT_DONE, _l("Something that was entered is not as it must be.")),
    "change_too_early": Answer(409, _NOT_DONE, _l("Its time to be published has not come.")),
    "change_too_late": Answer(
        409, _l("It is not confirmed"), _l("The time to confirm it is over; it is rolled back.")
    ),
    "change_trial_runs": Answer(
        409,
        _NOT_DONE,
        _l("Another version is on trial. Confirm it or roll it back first."),
    ),
    "change_unknown": Answer(
        404, _l("There is no such change"), _l("Look at the list of changes.")
    ),
    "change_unreadable": Answer(
        422, _NOT_DONE, _l("The text cannot be read as rules. Mend it as text first.")
    ),
    "change_wrong_state": Answer(
        409, _NOT_DONE, _l("Somebody has taken a step meanwhile. Look at where it stands now.")
    ),
}
