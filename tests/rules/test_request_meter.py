"""Requests counted and timed, as a scrape reads them."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from bff.platform.telemetry import RequestMeter


def scraped(meter: RequestMeter) -> list[str]:
    registry = CollectorRegistry()
    registry.register(meter)
    return generate_latest(registry).decode().splitlines()


def test_requests_are_counted_by_method_route_and_status_class() -> None:
    meter = RequestMeter()

    for status in (200, 201, 404):
        meter.record("GET", "/mp/v1/home", status, 0.002)

    lines = scraped(meter)
    assert 'suishen_http_requests_total{method="GET",route="/mp/v1/home",status="2xx"} 2.0' in lines
    assert 'suishen_http_requests_total{method="GET",route="/mp/v1/home",status="4xx"} 1.0' in lines


def test_each_request_falls_into_its_bucket_and_all_above() -> None:
    meter = RequestMeter()

    meter.record("GET", "/", 200, 0.0025)
    meter.record("GET", "/", 200, 99.0)

    buckets = [line.rpartition(" ")[2] for line in scraped(meter) if "_bucket" in line]
    assert buckets == ["0.0", *["1.0"] * 12, "2.0"]
    assert any(
        line.startswith("suishen_http_request_seconds_sum") and "99.0025" in line for line in scraped(meter)
    )


def test_a_made_up_method_makes_no_series() -> None:
    meter = RequestMeter()

    for method in ("BREW", "WHEN", "PROPFIND"):
        meter.record(method, "unmatched", 405, 0.001)

    totals = [line for line in scraped(meter) if line.startswith("suishen_http_requests_total{")]
    assert totals == ['suishen_http_requests_total{method="other",route="unmatched",status="4xx"} 3.0']


def test_what_is_being_served_is_shown() -> None:
    meter = RequestMeter()

    meter.in_progress = 3

    assert "suishen_http_requests_in_progress 3.0" in scraped(meter)
