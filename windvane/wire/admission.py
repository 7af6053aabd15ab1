"""What every signed request has to pass besides its signature, whichever gateway it comes through."""

from __future__ import annotations

from dataclasses import dataclass, field

from windvane.wire.call import Recorder, RequestRecord
from windvane.wire.failures import FailureCounter
from windvane.wire.rates import AccountRates


@dataclass(frozen=True)
class Admission:
    """Failures to prove who calls are counted, an account's requests kept within their rate, changes only made while
    they can be recorded.

    recorder    the audit log; None keeps none
    """

    failures: FailureCounter = field(default_factory=FailureCounter)
    rates: AccountRates = field(default_factory=AccountRates)
    recorder: Recorder | None = None

    def admit(self, record: RequestRecord) -> None:
        """Count a request whose caller is verified, and whose operation is known.

        raises    Throttled, StoreUnusable
        """
        if record.caller is not None:
            self.rates.admit(record.caller.account)
        if self.recorder is not None:
            self.recorder.check(record)

    def told(self, record: RequestRecord, error: Exception) -> Exception:
        """Return what a caller is told who failed with `error`."""
        return self.failures.told(record, error)
