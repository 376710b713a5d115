"""To which addresses the desk goes, and to which it never does.

What is not global is shut by ssrfguard's table, which follows IANA's registries of special-purpose addresses. Some that these
call globally reachable are shut besides, for nobody is there who could be meant:

- `::ffff:0:0:0/96` stands for addresses of IPv4 that a translator reaches, this machine's among them: "IPv4-translated" of
  RFC 2765, 2.1, which no registry holds since RFC 6145 gave them up; Linux and its translators still take them.
- 168.63.129.16 is no site but the host beneath a machine of Azure, which tells such machines of their certificates:
  https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16.
- `2001:20::/28` (ORCHIDv2, RFC 7343, 1.1) and `2001:30::/28` (RFC 9374, 3) hold identifiers, to which no packet is routed.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network, ip_network

from ssrfguard import DEFAULT_DENIED, AddressTable, Block, Reach

OURS = (
    Block(ip_network("::ffff:0:0:0/96"), "IPv4-translated", "RFC2765", Reach.DENIED),
    Block(ip_network("168.63.129.16/32"), "Host of a machine of Azure", "RFC1122", Reach.DENIED),
    Block(ip_network("2001:20::/28"), "ORCHIDv2", "RFC7343", Reach.DENIED),
    Block(ip_network("2001:30::/28"), "Drone Remote ID", "RFC9374", Reach.DENIED),
)
_OF_OURS = {block.network for block in OURS}
SHUT = AddressTable((*(block for block in DEFAULT_DENIED.blocks if block.network not in _OF_OURS), *OURS))

CREDENTIALS = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",
            "fe80::/10",
            "fd00:ec2::/32",
            "fd20:ce::254/128",
            "fd00:c1::a9fe:a9fe/128",
            "fd00:42::42/128",
            "fd00:a9fe:a9fe::1/128",
            "168.63.129.16/32",
        ),
    )
)
"""Link-local addresses and some besides: at some of them a cloud hands out its credentials to whoever asks.

`fd00:ec2::/32` is Amazon's: `::254` (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html) and
`::23` (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html). `fd20:ce::254` is Google's
(https://cloud.google.com/compute/docs/metadata/querying-metadata); Oracle's, Scaleway's and Akamai's follow, as cloud-init asks
them (https://docs.cloud-init.io/en/latest/reference/datasources.html).
"""


def _without(network: IPv6Network, left_out: list[IPv6Network]) -> Iterator[IPv6Network]:
    inside = [one for one in left_out if one.subnet_of(network)]
    if not inside:
        yield network
        return
    for part in network.address_exclude(inside[0]):
        yield from _without(part, inside[1:])


PRIVATE = (
    *map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    # Unique local addresses without those at which a cloud hands out its credentials.
    *_without(IPv6Network("fc00::/7"), [one for one in CREDENTIALS if isinstance(one, IPv6Network)]),
)
"""Open only if the setting `REVIEW_ALLOW_PRIVATE_TARGETS` is on."""
