"""Settings from flags and environment."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from web.settings import SettingsError, read_settings

pytestmark = pytest.mark.unit


@pytest.fixture
def environment(monkeypatch):
    """Sets variables, and returns the environment as the settings see it."""

    def with_variables(**variables: str) -> dict[str, str]:
        named = {f"YUNTAKAN_{name}": value for name, value in variables.items()}
        for name, value in named.items():
            monkeypatch.setenv(name, value)
        return named

    return with_variables


def test_without_anything_the_defaults_hold():
    settings = read_settings({}, {})
    assert (settings.port, str(settings.data), settings.ice_servers, settings.udp_ports) == (8443, "data", (), None)
    assert settings.rules.unit_name == "示范县行政审批局"


def test_the_environment_sets_and_flags_win_over_it(environment):
    given = environment(PORT="9443", UDP_PORTS="40000-40199", OFFICE__UNIT_NAME="甲县行政审批局")
    settings = read_settings({"port": 9500, "host": None}, given)
    assert settings.port == 9500
    assert settings.relay_config.udp_ports == (40000, 40199)
    assert settings.rules.unit_name == "甲县行政审批局"


def test_the_office_says_which_codec_it_wants_first(environment):
    assert read_settings({}, {}).relay_config.video_codecs == ("VP8", "H264")
    assert read_settings({}, environment(VIDEO_CODECS="h264, vp8")).relay_config.video_codecs == ("H264", "VP8")
    assert read_settings({}, environment(VIDEO_CODECS="H264")).relay_config.video_codecs == ("H264",)
    for wrong in ("", "av1", "vp8,vp8"):
        with pytest.raises(SettingsError, match="video_codecs"):
            read_settings({}, environment(VIDEO_CODECS=wrong))


def test_trusted_proxies_are_a_list_of_networks(environment):
    given = environment(BEHIND_PROXY="true", TRUSTED_PROXIES="10.0.0.0/8, ::1/128")
    settings = read_settings({}, given)
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert not settings.is_tls


def test_a_misspelt_variable_stops_the_start(environment):
    with pytest.raises(SettingsError, match="YUNTAKAN_PROT: no such setting"):
        read_settings({}, environment(PROT="1"))


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"port": 0}, "port"),
        ({"udp_ports": "40199-40000"}, "udp_ports"),
        ({"udp_ports": "many"}, "40000-40199"),
        ({"udp_ports": "80-90"}, "1024"),
        ({"tls_cert": "cert.pem"}, "tls_key"),
        ({"behind_proxy": True}, "trusted_proxies"),
        ({"behind_proxy": True, "trusted_proxies": "everybody"}, "trusted_proxies"),
        ({"public_address": "tk.example"}, "public_address"),
        ({"public_url": "http://tk.example"}, "https"),
        ({"map_tile_url": "https://tiles.example/"}, "{z}"),
        ({"office": {"unit_name": "很长" * 60}}, "notice"),
        ({"office": {"unit": "x"}}, "office.unit"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(flags, says):
    with pytest.raises(SettingsError) as refused:
        read_settings(flags, {})
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_outer_addresses_come_by_commas_each_with_its_inner_one():
    settings = read_settings({"public_address": "203.0.113.7/192.168.7.2, 2001:DB8::7"}, {})
    assert settings.public_address == ("203.0.113.7/192.168.7.2", "2001:db8::7")
    assert settings.outer_addresses == ("203.0.113.7", "2001:db8::7")
    assert settings.relay_config.public_addresses == settings.public_address
    assert settings.relay_config.offer_private
