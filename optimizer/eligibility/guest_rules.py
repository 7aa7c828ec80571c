"""Guest rules: what the guest of a VM asks of a server, beside networks.

Through a group Managed Service Account (gMSA) a Windows guest is reached only by network, and only
from Windows servers of the account's domain; a job that has such a VM may not name a Linux server.
Linux servers reach Windows guests of some platforms only (`Ruleset.linux_platforms`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.ruleset import RULESETS, is_linux, is_windows
from optimizer.eligibility.reachability import Matrix


@dataclass(frozen=True, slots=True)
class GuestRules:
    """The distinct rules of the guests of an estate, and which ``rule`` each VM has.

    ``permits`` and ``refuses`` have the shape (rules, servers): who can serve such a guest, and
    whom no list may hold because of it. ``by_account`` tells which rules are those of a gMSA.
    """

    rule: Codes
    permits: Matrix
    refuses: Matrix
    by_account: NDArray[np.bool_]


def guest_rules(estate: Estate) -> GuestRules:
    """Return the rules of all guests; those that are not Windows have none (S5)."""
    vms, servers = estate.vms, estate.servers
    systems = servers["os"].tolist()
    linux, windows = (np.array([test(os) for os in systems], dtype=np.bool_)
                      for test in (is_linux, is_windows))  # fmt: skip
    domains = servers["domain"].astype(object).to_numpy()
    open_to_linux = RULESETS[estate.settings.ruleset].linux_platforms

    def is_closed(platform: str) -> bool:
        return open_to_linux is not None and platform not in open_to_linux

    guest = per_text(vms["os"], is_windows)
    closed = guest & per_text(vms["platform"], is_closed)
    account = np.where(guest, vms["gmsa_domain"].cat.codes, -1)
    names = ["", *vms["gmsa_domain"].cat.categories]
    account[np.array(names, dtype=object)[account + 1] == ""] = -1
    rule, pairs = pd.factorize((account + 1) * 2 + closed)
    permits = np.ones((len(pairs), len(servers)), dtype=np.bool_)
    refuses = np.zeros_like(permits)
    for row, pair in enumerate(pairs.tolist()):
        if pair % 2:
            permits[row] &= ~linux
        if pair > 1:
            permits[row] &= windows & (domains == names[pair // 2])
            refuses[row] = linux
    return GuestRules(rule.astype(np.int32), permits, refuses, pairs > 1)


def per_text(texts: pd.Series[Any], test: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Return what ``test`` says of each cell of a category; each text is tested once."""
    return np.array([test(text) for text in texts.cat.categories], dtype=np.bool_)[texts.cat.codes]
