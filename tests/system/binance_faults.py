"""Ways in which a stream of market data goes wrong, by name: what becomes of one message on its way to the clients.

A fault takes the place of the message it falls on: what the message said is lost, and who follows the stream has to notice.
"""
import json
import os
import struct

HUGE_BYTES = 4 << 20  # more than a client has reason to take


def frame(opcode, payload, final=True):
    """A WebSocket frame as a server sends it."""
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 1 << 16:
        return head + b"\x7e" + struct.pack(">H", len(payload)) + payload
    return head + b"\x7f" + struct.pack(">Q", len(payload)) + payload


def text_frame(text):
    return frame(1, text.encode())


def _with_level(payload, price=None, size=None):
    """The update with another price or size (JSON as it stands) in the first level that it has."""
    body = json.loads(payload)
    side = "b" if body["b"] or not body["a"] else "a"
    old_price, old_size = body[side][0] if body[side] else ("1.00000000", "1.00000000")
    levels = ",".join([f'[{price or json.dumps(old_price)},{size or json.dumps(old_size)}]']
                      + [json.dumps(level) for level in body[side][1:]])
    other = "a" if side == "b" else "b"
    body[side] = body[other] = None
    text = json.dumps(body, separators=(",", ":"))
    whole = json.loads(payload)[other]
    return text.replace(f'"{side}":null', f'"{side}":[{levels}]').replace(f'"{other}":null', f'"{other}":{json.dumps(whole)}')


def _crossed(payload):
    body = json.loads(payload)
    body["b"].insert(0, ["9000000.00000000", "1.00000000"])
    return json.dumps(body, separators=(",", ":"))


def _wrong_symbol(payload):
    body = json.loads(payload)
    body["s"] = "ETHUSDT" if body["s"] != "ETHUSDT" else "BNBUSDT"
    return json.dumps(body, separators=(",", ":"))


def _without(payload, name):
    body = json.loads(payload)
    del body[name]
    return json.dumps(body, separators=(",", ":"))


# On the payload; the envelope around it stays.
PAYLOADS = {
    "garbage": lambda payload: "<<%#" + payload[::-1][:40].replace('"', "'") + "\\u12",
    "truncated": lambda payload: payload[:len(payload) // 2],
    "nan": lambda payload: _with_level(payload, size="NaN"),
    "nan_text": lambda payload: _with_level(payload, size='"NaN"'),
    "too_large": lambda payload: _with_level(payload, size="1e400"),
    "too_large_text": lambda payload: _with_level(payload, price='"1e400"'),
    "negative": lambda payload: _with_level(payload, size='"-1.00000000"'),
    "wrong_symbol": _wrong_symbol,
    "crossed": _crossed,
    "no_field": lambda payload: _without(payload, "u"),
    "empty": lambda _: "",
}

# On the bytes of one frame: what is sent instead, as pieces; a number is a pause in seconds, None cuts the connection.
FRAMES = {
    "huge": lambda whole: [frame(1, b'{"stream":"' + b"x" * HUGE_BYTES + b'"}')],
    "binary": lambda whole: [frame(2, os.urandom(300))],
    "not_utf8": lambda whole: [frame(1, b'{"stream":"\xff\xfe"}')],
    "reserved_bits": lambda whole: [bytes([whole[0] | 0x70]) + whole[1:]],
    "cut": lambda whole: [whole[:len(whole) // 2], None],
    "cut_in_head": lambda whole: [whole[:1], None],
}

# Nothing is lost by these.
HARMLESS_FRAMES = {
    "trickle": lambda whole: sum(([whole[at:at + 40], 0.002] for at in range(0, len(whole), 40)), []),
    "fragments": lambda whole: [_fragments(whole)],
    "unknown_kind": lambda whole: [text_frame('{"stream":"btcusdt@somethingNew","data":{"e":"somethingNew","E":1,"s":"BTCUSDT"}}'),
                                   whole],
}


def _fragments(whole):
    """One message in three frames, a ping between them."""
    payload = whole[2:] if whole[1] < 126 else whole[4:] if whole[1] == 126 else whole[10:]
    third = len(payload) // 3
    return (frame(1, payload[:third], final=False) + frame(9, b"between") + frame(0, payload[third:2 * third], final=False)
            + frame(0, payload[2 * third:]))
