"""Every message of the session sockets, in one file: what a client may send, and what it gets.

Client messages refuse unknown fields, so that a misspelt one is an error and not silence. `key` is the idempotency
key of an act: the same key with the same content answers with the first result again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from geo import Datum, NoFixCause
from inspection.domain.observations import CheckResult, Seen
from inspection.domain.sessions import Decision

MAX_SDP_CHARACTERS = 65_536
"""Far above the relay's own bound (32 kB), so that the relay's coded refusal is what a client gets."""

LAST_SEQ = 2**31
"""More entries than an inspection will ever have."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{26}$")]
Key = Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
ItemId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PeerId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SDP_CHARACTERS)]


class ClientMessage(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Act(ClientMessage):
    """A command that goes on record."""

    key: Key


class Empty(ClientMessage):
    """A command without content."""


class JoinSession(ClientMessage):
    session_id: Id
    after_seq: int = Field(0, ge=0, le=LAST_SEQ)


class PublishPeer(ClientMessage):
    """A complete offer (ICE gathering done) of a sender."""

    sdp: Sdp


class AnswerPeer(ClientMessage):
    peer_id: PeerId
    sdp: Sdp


class ClosePeer(ClientMessage):
    peer_id: PeerId


class ReportFix(Act):
    """A fix (degrees, metres, the phone's own time), or `no_fix` with its cause."""

    latitude: float | None = Field(None, allow_inf_nan=True)
    longitude: float | None = Field(None, allow_inf_nan=True)
    accuracy_m: float | None = Field(None, allow_inf_nan=True)
    taken_at: AwareDatetime | None = None
    source: str = Field("browser", max_length=40)
    datum: Datum = Datum.WGS84
    no_fix: NoFixCause | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> ReportFix:
        fields = (self.latitude, self.longitude, self.accuracy_m, self.taken_at)
        if self.no_fix is None and any(value is None for value in fields):
            raise ValueError("a fix needs latitude, longitude, accuracy_m and taken_at")
        if self.no_fix is not None and any(value is not None for value in fields):
            raise ValueError("either a fix or no_fix")
        return self


class SendChat(Act):
    text: str


class ReportDevice(Act):
    camera: Literal["rear", "front", "none", "switching"]
    muted: bool
    paused: bool
    torch: bool
    weak_uplink: bool = False


class EnrolKey(ClientMessage):
    """The key with which a page signs its video frames; `proof`: its signature over the nonce (docs/evidence.md)."""

    algorithm: Literal["ES256"]
    public_key: str = Field(max_length=88)
    nonce: str = Field(max_length=64)
    browser: str = Field(max_length=80)
    proof: str = Field(max_length=88)


class MeasureClock(ClientMessage):
    """The phone's time (unix, milliseconds), sent as soon as the answer to the one before is there."""

    now_ms: int = Field(ge=0, le=2**53 - 1)


class StopSession(Act):
    reason: str | None = None


class EndSession(Act):
    """`unfinished`: without a conclusion, whatever is missing to one."""

    unfinished: bool = False


class TakeStill(Act):
    """`challenge_id`: the newest challenge, whose code the picture shows."""

    item_id: ItemId | None = None
    challenge_id: Id | None = None


class MarkCheck(Act):
    item_id: ItemId
    seen: Seen
    result: CheckResult
    note: str = ""
    still_ids: list[Id] = Field(default_factory=list, max_length=50)


class RequestDetail(Act):
    on: bool


class ProposeSummary(Act):
    text: str


class SignSummary(Act):
    decision: Decision
    statement: str | None = None


class ServerMessage(BaseModel):
    """What the server sends."""

    model_config = ConfigDict(frozen=True)


class ParticipantView(ServerMessage):
    id: str
    name: str
    role: str
    unit: str
    badge: str
    present: bool
    muted: bool


class SignatureView(ServerMessage):
    name: str
    role: str
    decision: Decision
    statement: str | None


class SessionView(ServerMessage):
    """A session as every client sees it; times are RFC 3339."""

    id: str
    number: int
    nature: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    end_cause: str | None
    recording: bool
    summary: str | None
    signatures: list[SignatureView]


class Joined(ServerMessage):
    """The answer to `session:join`: everything that was missed, and the connections that still stand."""

    participant_id: str
    session: SessionView
    participants: list[ParticipantView]
    entries: list[dict[str, Any]]
    last_seq: int
    ice_servers: list[dict[str, Any]]
    recording: bool
    peer_ids: list[str]


class PeerDescription(ServerMessage):
    peer_id: str
    sdp: str


class Appended(ServerMessage):
    """An act is on record, under this sequence number (the last, where an act makes several entries)."""

    seq: int | None


class SigningNonce(ServerMessage):
    """Good once, for two minutes."""

    nonce: str


class ClockMeasured(ServerMessage):
    """`again`: send the time once more, at once."""

    again: bool


class ChallengeShown(ServerMessage):
    """A code that the phone shows now. `gen_time`: when the time stamp was made that it rests on."""

    challenge_id: str
    code: str
    gen_time: str
    is_test: bool
    seq: int


class StillTaken(ServerMessage):
    still_id: str
    url: str
    seq: int


class EntryAppended(ServerMessage):
    """`entry`: one ledger entry; they come in `seq` order."""

    entry: dict[str, Any]


class ParticipantsChanged(ServerMessage):
    """`participants`"""

    participants: list[ParticipantView]


class SessionStateChanged(ServerMessage):
    """`session:state`"""

    state: str
    recording: bool
    cause: str | None = None


class DetailSet(ServerMessage):
    """`detail:set`, to the applicant: send more detail, or the default again."""

    on: bool


class PeerClosed(ServerMessage):
    """`peer:closed`: this connection is gone; make a new one."""

    peer_id: str
    cause: str


class ViewServed(ServerMessage):
    """`view:served`, to one inspector: what their own line carries of the picture from now on; the record has all."""

    peer_id: str
    service: Literal["full", "fewer_frames", "small", "key_frames"]


class IceServersChanged(ServerMessage):
    """`ice:servers`: for connections made from now on; earlier credentials run out."""

    ice_servers: list[dict[str, Any]]


class CheckpointMade(ServerMessage):
    """`checkpoint`: a signed head of the ledger, as the line to keep.

    `proof`: nodes in hexadecimal (RFC 9162, 2.1.4), that it continues the head of size `after`; its own size where none
    was sent before.
    """

    line: str
    after: int
    proof: list[str]


class SessionProblem(ServerMessage):
    """`session:problem`: something that nobody asked for, as a full disk."""

    code: str
    message: str


class ErrorView(ServerMessage):
    code: str
    message: str
    retryable: bool
    field: str | None = None
    retry_after_s: int | None = None
    incident_id: str | None = None


CLIENT_MESSAGES: dict[str, type[ClientMessage]] = {
    "session:join": JoinSession,
    "session:leave": Empty,
    "session:stop": StopSession,
    "session:end": EndSession,
    "peer:publish": PublishPeer,
    "peer:subscribe": Empty,
    "peer:answer": AnswerPeer,
    "peer:close": ClosePeer,
    "signing:nonce": Empty,
    "signing:enrol": EnrolKey,
    "fix:report": ReportFix,
    "chat:send": SendChat,
    "device:report": ReportDevice,
    "clock:measure": MeasureClock,
    "challenge:show": Act,
    "still:take": TakeStill,
    "check:mark": MarkCheck,
    "detail:request": RequestDetail,
    "guidance:cover": Act,
    "summary:propose": ProposeSummary,
    "summary:sign": SignSummary,
}

RESULTS: dict[str, type[ServerMessage]] = {
    "session:join": Joined,
    "peer:publish": PeerDescription,
    "peer:subscribe": PeerDescription,
    "signing:nonce": SigningNonce,
    "clock:measure": ClockMeasured,
    "challenge:show": ChallengeShown,
    "still:take": StillTaken,
}

SERVER_MESSAGES: dict[str, type[ServerMessage]] = {
    "entry": EntryAppended,
    "participants": ParticipantsChanged,
    "session:state": SessionStateChanged,
    "detail:set": DetailSet,
    "peer:closed": PeerClosed,
    "ice:servers": IceServersChanged,
    "view:served": ViewServed,
    "checkpoint": CheckpointMade,
    "session:problem": SessionProblem,
}
