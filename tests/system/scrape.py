# SPDX-License-Identifier: GPL-3.0-or-later
"""The service "metrics" as a scraper sees it."""

import re

from clients import Client

SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)')
CONFIG = 'metrics: { protocol = "metrics"; listen = [ "127.0.0.1:0", "metrics.sock" ]; };'
OPENMETRICS = 'application/openmetrics-text;version=1.0.0'


class Answer:
    """The bytes of an answer, taken apart."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b'\r\n\r\n')
        lines = head.decode().split('\r\n')
        self.status = int(re.fullmatch(r'HTTP/1\.1 (\d{3}) [A-Z].*', lines[0])[1])
        self.fields = dict(re.fullmatch(r'([A-Za-z-]+): (.*)', line).groups()
                           for line in lines[1:])

    def text(self):
        return self.body.decode()


def ask(daemon, request, service='metrics', **kwargs):
    """Sends the bytes, closes our side, and returns the answer to its end."""
    c = Client(daemon, service, **kwargs)
    try:
        c.send(request)
        c.half_close()
        return Answer(c.rest())
    finally:
        c.close()


def get(daemon, path='/metrics', method='GET', accept=None, **kwargs):
    field = f'Accept: {accept}\r\n' if accept else ''
    return ask(daemon, f'{method} {path} HTTP/1.1\r\nHost: x\r\n{field}\r\n', **kwargs)


class Page:
    """One scrape: values by name and labels."""

    def __init__(self, text):
        self.text = text
        self.values = {}
        for line in text.splitlines():
            if line.startswith('#'):
                continue
            name, labels, value = SAMPLE.fullmatch(line).groups()
            key = name, tuple(sorted(LABEL.findall(labels or '')))
            assert key not in self.values, f'twice: {line}'
            self.values[key] = float(value)

    def get(self, name, **labels):
        """The value with exactly these labels."""
        return self.values[name, tuple(sorted(labels.items()))]

    def sum(self, name, **labels):
        """Of all values whose labels include these."""
        return sum(value for (its, has), value in self.values.items()
                   if its == name and set(labels.items()) <= set(has))

    def names(self):
        return {name for name, _ in self.values}


def scrape(daemon, **kwargs):
    answer = get(daemon, **kwargs)
    assert answer.status == 200, answer.text()
    return Page(answer.text())
