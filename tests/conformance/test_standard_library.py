"""Each part of the standard library works in a module that holds little else.

What a filter does not import is cut out of its module. Each case builds a filter that imports one
part alone, so that something cut by mistake traps, and compares with this process's own Python.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from filter_project import make_project
from messages import a_request, a_response, answer_of, play
from plugins import plugin_of
from wasmkit.engines.wasm import WasmEngine
from wasmkit.toolchain import build
from wasmkit.traffic.model import Exchange

if TYPE_CHECKING:
    from pathlib import Path

CASES = {
    "array": "array.array('i', range(5)).tobytes()[:4] + bytes(sorted(array.array('B', b'cab')))",
    "base64": "base64.b85encode(b'wasmkit') + base64.b32encode(b'x')",
    "binascii": "(binascii.hexlify(b'ab'), binascii.crc32(b'ab'), binascii.a2b_base64(b'YWI='))",
    "bisect": "bisect.bisect([1, 3, 5], 4)",
    "calendar": "tuple(map(int, calendar.monthrange(2028, 2)))",
    "cmath": "cmath.sqrt(-4)",
    "collections": "(collections.Counter('abca').most_common(1), "
    "list(collections.OrderedDict(a=1)), collections.deque([1, 2], 1))",
    "csv": "list(csv.reader(['a,\"b,c\"', '1,2']))",
    "dataclasses": "dataclasses.asdict(dataclasses.make_dataclass('P', ['x'])(3))",
    "datetime": "(datetime.datetime.fromisoformat('2026-11-23T10:00:00+01:00').isoformat(), "
    "datetime.timedelta(hours=36).total_seconds(), "
    "datetime.datetime.strptime('23/11/26', '%d/%m/%y').strftime('%A'))",
    "decimal": "(decimal.Decimal('1.10') * 3, decimal.Decimal(2).sqrt())",
    "difflib": "difflib.get_close_matches('hedaer', ['header', 'body'])",
    "email.message": "email.message.EmailMessage().as_string()",
    "enum": "enum.Enum('E', 'A B').B.value",
    "fractions": "fractions.Fraction('3/6') + 1",
    "functools": "functools.reduce(lambda a, b: a * b, [1, 2, 3])",
    "gzip": "gzip.decompress(gzip.compress(b'body' * 500))[:8]",
    "hashlib": "[hashlib.new(n, b'x').hexdigest() for n in "
    "('md5', 'sha1', 'sha256', 'sha512', 'sha3_256', 'blake2b', 'blake2s')]",
    "heapq": "heapq.nsmallest(2, [3, 1, 2])",
    "hmac": "hmac.new(b'k', b'm', 'sha256').hexdigest()",
    "html": "html.unescape('&lt;&eacute;') + html.escape('<')",
    "http.cookies": "http.cookies.SimpleCookie('a=b; c=d')['c'].value",
    "ipaddress": "ipaddress.ip_address('10.1.2.3') in ipaddress.ip_network('10.0.0.0/8')",
    "itertools": "list(itertools.islice(itertools.permutations('abc'), 3))",
    "json": 'json.dumps(json.loads(\'{"a": [1, 2.5, null, "\\u00e9"]}\'), indent=1)',
    "math": "(math.gamma(4.5), math.comb(9, 4), math.isclose(0.1 + 0.2, 0.3), "
    "math.fsum([0.1] * 10))",
    "operator": "operator.itemgetter(1)([4, 5])",
    "pickle": "pickle.loads(pickle.dumps({'a': (1, b'2', {3})}))",
    "random": "0 <= random.random() < 1 and random.Random(7).randint(0, 9)",
    "re": "re.sub(r'(?P<a>\\w+)@(\\w+)', r'\\2 at \\g<a>', 'me@home') + "
    "str(re.findall(r'[^,]+', 'a,b'))",
    "secrets": "len(secrets.token_hex(8))",
    "shlex": "shlex.split('a \"b c\"')",
    "sqlite3": "sqlite3.connect(':memory:').execute('select 6 * 7, upper(\"x\")').fetchall()",
    "statistics": "(statistics.median([3, 1, 2]), statistics.stdev([1, 2, 4]))",
    "string": "string.Template('$a').substitute(a=1)",
    "struct": "struct.unpack('<Hq', struct.pack('<Hq', 7, -8))",
    "textwrap": "textwrap.wrap('a filter in Python', 8)",
    "tomllib": "tomllib.loads('a = 1979-05-27\\nb = [1, 2]')",
    "unicodedata": "(unicodedata.normalize('NFKD', '\\ufb01'), unicodedata.name('\\u00e9'))",
    "urllib.parse": "(urllib.parse.parse_qs('a=1&a=2'), urllib.parse.quote('\\u00e9/'), "
    "urllib.parse.urljoin('http://a/b/c', '../d'))",
    "uuid": "uuid.uuid5(uuid.NAMESPACE_DNS, 'example.com')",
    "xml.etree.ElementTree": "xml.etree.ElementTree.fromstring('<a><b c=\"1\"/></a>')[0].attrib",
    "zlib": "(zlib.decompress(zlib.compress(b'ab' * 99))[:4], zlib.adler32(b'ab'))",
    "zoneinfo": "zoneinfo.TZPATH == () or True",
}

SOURCE = """\
import {module}

from wasmkit.sdk import Headers, HttpFilter


class Tested(HttpFilter):
    def on_request_headers(self, headers: Headers, end_of_stream: bool) -> None:
        self.send_response(200, body=repr({expression}).encode())
"""


@pytest.mark.parametrize("module", CASES)
def test_a_part_of_the_library_alone(module: str, tmp_path: Path) -> None:
    expression = CASES[module]
    project = make_project(tmp_path / "filter", SOURCE.format(module=module, expression=expression))
    names = {module.partition(".")[0]: importlib.import_module(module.partition(".")[0])}
    importlib.import_module(module)
    expected = repr(eval(expression, names))
    exchange = Exchange(a_request("GET", "http", "a", "/"), a_response(200))
    with WasmEngine(plugin_of(build(project))) as engine:
        outcome = play(engine, exchange)
    assert outcome.trap == ""
    assert (answer_of(outcome).body.decode(), outcome.logs) == (expected, ())
