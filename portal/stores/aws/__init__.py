"""What every client of AWS needs: the store in DynamoDB, KMS, and the commands that deploy.

opening           makes a client in a background thread, and makes another one after a failure
single_flight     one background thread does what many wait for, each for its own time
credentials       credentials that are looked up and renewed in the background
connections       connections whose whole answer has to arrive within the deadline
whole_answers     damaged and shortened answers are found before they are parsed
answer_parser     answers are parsed as botocore does, at a part of its cost
direct_requests   requests are sent past the part of botocore that costs most
answer_heads      status and headers are read as http.client does, at a part of its cost
signing           requests are signed as botocore does, at a part of its cost

`answer_parser`, `connections`, `credentials` and `direct_requests` load botocore, which takes
0.4 s. So they are imported when the first client is made, and not before.
"""

from portal.stores.aws.opening import (
    SHORTEST_CALL_SECONDS,
    ClientOpener,
    OpeningFailedError,
    make_aws_client,
    require_time,
)
from portal.stores.aws.whole_answers import IncompleteAnswerError

__all__ = [
    "SHORTEST_CALL_SECONDS", "ClientOpener", "IncompleteAnswerError", "OpeningFailedError",
    "make_aws_client", "require_time",
]  # fmt: skip
