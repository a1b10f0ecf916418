// Where the first answer in what a connection has received ends, and what it says.
#pragma once

#include <strings.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using i64 = std::int64_t;
using Text = std::string_view;

// Ends the program: a result beside a broken promise would be worth nothing.
[[noreturn]] inline void fail(const char* why) {
    std::fprintf(stderr, "%s\n", why);
    std::exit(1);
}

inline void require(bool holds, const char* why) {
    if (!holds) fail(why);
}

struct Answer {
    std::size_t size = 0;   // bytes of `received` that it takes; 0: it is not whole yet
    i64 id = -1;            // the request's, over the WebSocket API
    bool accepted = false;  // with status 200
    Text text;
    bool is_ping = false;   // not an answer: `text` wants to be sent back
};

inline i64 number_at(Text text, std::size_t at) {
    i64 value = -1;
    if (at < text.size()) std::from_chars(text.data() + at, text.data() + text.size(), value);
    return value;
}

// --- HTTP/1.1 ---

inline i64 content_length(Text head) {
    constexpr Text NAME = "\r\ncontent-length:";
    for (std::size_t at = head.find("\r\n"); at != Text::npos; at = head.find("\r\n", at + 2)) {
        if (head.size() - at < NAME.size()) break;
        if (strncasecmp(head.data() + at, NAME.data(), NAME.size())) continue;
        const std::size_t digits = head.find_first_not_of(' ', at + NAME.size());
        return number_at(head, digits);
    }
    return -1;
}

inline Answer http_answer(Text received) {
    const std::size_t head = received.find("\r\n\r\n");
    if (head == Text::npos) return {};
    const i64 body = content_length(received.substr(0, head));
    require(body >= 0, "an answer has no Content-Length");
    const std::size_t size = head + 4 + std::size_t(body);
    if (received.size() < size) return {};
    return {.size = size,
            .accepted = received.substr(0, 13) == "HTTP/1.1 200 ",
            .text = received.substr(0, size)};
}

// --- the WebSocket API (RFC 6455) ---

enum Opcode { TEXT = 1, CLOSE = 8, PING = 9 };
constexpr unsigned FINAL = 0x80, MASKED = 0x80;

// The payload of the first frame, with no data pointer when it is not whole yet.
inline Text frame_payload(Text received) {
    const auto byte = [&](std::size_t at) { return std::size_t(std::uint8_t(received[at])); };
    if (received.size() < 2) return {};
    std::size_t size = byte(1), head = 2;
    if (size >= 126) {
        head = size == 126 ? 4 : 10;
        if (received.size() < head) return {};
        size = 0;
        for (std::size_t at = 2; at < head; ++at) size = size << 8 | byte(at);
    }
    if (received.size() - head < size) return {};
    return received.substr(head, size);
}

inline Answer websocket_answer(Text received) {
    const Text payload = frame_payload(received);
    if (!payload.data()) return {};
    const unsigned first = std::uint8_t(received[0]);
    require(first & FINAL, "an answer came in several frames");
    require((first & 15) != CLOSE, "the server closed a connection");
    const std::size_t size = std::size_t(payload.end() - received.begin());
    if ((first & 15) == PING) return {.size = size, .text = payload, .is_ping = true};
    const std::size_t id = payload.find("\"id\":");
    return {.size = size,
            .id = id == Text::npos ? -1 : number_at(payload, id + 5),
            .accepted = payload.find("\"status\":200") != Text::npos,
            .text = payload};
}

// A masked pong; a key of zeros leaves the payload as it is.
inline std::string pong(Text payload) {
    require(payload.size() < 126, "a ping is too long");
    std::string frame = {char(FINAL | 10), char(MASKED | payload.size()), 0, 0, 0, 0};
    return frame.append(payload);
}
