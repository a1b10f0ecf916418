// A lean load generator: sends requests that were made beforehand and times their answers.
//
//     load HOST PORT http|websocket CONNECTIONS open
//     load HOST PORT http|websocket CONNECTIONS IN_FLIGHT SECONDS
//
// It knows no server: every one gets the bytes that it reads from standard input, in order and each
// once. First the greeting (an upgrade to WebSocket, or nothing), then requests: due time in ns from
// the start (64 bits), length (64 bits), bytes. The end of the input starts the run.
//
// Open loop: a request is due at its time. Closed loop: IN_FLIGHT are due at the start, and another
// when one is answered, until the seconds or the requests are over. In both, a request waits for a
// free connection and its latency counts from the time when it was due, so waiting is never omitted.
// Over HTTP a connection is free when its last answer is whole; over WebSocket it always is.
//
// The result, on standard output: the fields of Result, a sample of a refusal, the latencies of what
// was accepted, and how late each request of an open loop was noticed here, which is the fault of
// this program or of the machine and stands in the latencies too. All in ns, 64 bits.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include "answers.hpp"

constexpr i64 SECOND_NS = 1'000'000'000;
constexpr i64 PATIENCE_NS = 30 * SECOND_NS;
constexpr std::size_t SAMPLE_BYTES = 400;

struct Request {
    i64 due_ns;
    Text bytes;
    bool answered = false;
};

struct Connection {
    int fd;
    std::size_t request = 0;  // over HTTP: the one in flight
    std::string unsent{};     // what the socket had no room for
    std::string received{};   // the beginning of an answer
};

struct Result {
    i64 started_ns, ended_ns, cpu_ns, n_accepted, n_refused, n_noticed, sample_bytes;
};

static i64 time_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static i64 now_ns() { return time_ns(CLOCK_MONOTONIC); }

// --- input ---

static std::string whole_input() {
    std::string input;
    std::size_t filled = 0;
    for (;;) {
        if (filled == input.size()) input.resize(std::max(input.size() * 2, std::size_t(1) << 20));
        const ssize_t n = read(STDIN_FILENO, input.data() + filled, input.size() - filled);
        require(n >= 0, "cannot read the requests");
        if (n == 0) break;
        filled += std::size_t(n);
    }
    input.resize(filled);
    return input;
}

static i64 take_number(Text& input) {
    i64 value;
    require(input.size() >= sizeof value, "the requests end in the middle of one");
    std::memcpy(&value, input.data(), sizeof value);
    input.remove_prefix(sizeof value);
    return value;
}

static Request take_request(Text& input) {
    const i64 due_ns = take_number(input);
    const std::size_t size = std::size_t(take_number(input));
    require(input.size() >= size, "the requests end in the middle of one");
    const Request request{due_ns, input.substr(0, size)};
    input.remove_prefix(size);
    return request;
}

// --- connections ---

static int connected(const char* host, const char* port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(std::uint16_t(std::atoi(port)));
    require(inet_pton(AF_INET, host, &address.sin_addr) == 1, "the host is not an IPv4 address");
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
            "cannot connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

// Asks for the WebSocket; what the server says after its consent belongs to the connection.
static void greet(Connection& connection, Text greeting) {
    require(send(connection.fd, greeting.data(), greeting.size(), MSG_NOSIGNAL) ==
                ssize_t(greeting.size()), "cannot send the greeting");
    std::size_t head;
    while ((head = connection.received.find("\r\n\r\n")) == std::string::npos) {
        char bytes[4096];
        const ssize_t n = recv(connection.fd, bytes, sizeof bytes, 0);
        require(n > 0, "no answer to the greeting");
        connection.received.append(bytes, std::size_t(n));
    }
    require(connection.received.starts_with("HTTP/1.1 101 "), "the greeting was refused");
    connection.received.erase(0, head + 4);
}

// --- the run ---

class Load {
public:
    Load(bool is_websocket, Text input) : is_websocket(is_websocket), poll(epoll_create1(0)) {
        greeting = take_request(input).bytes;
        while (!input.empty()) requests.push_back(take_request(input));
        latencies.reserve(requests.size());
        noticed.reserve(requests.size());
    }

    void connect(const char* host, const char* port, int n) {
        connections.reserve(std::size_t(n));
        for (int i = 0; i < n; ++i) {
            connections.push_back({connected(host, port)});
            if (!greeting.empty()) greet(connections.back(), greeting);
            usleep(100);  // the server accepts meanwhile: its backlog may be short
        }
        for (Connection& connection : connections) {
            // Edge-triggered, so that room to write is told only after a write found none.
            epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = &connection}};
            epoll_ctl(poll, EPOLL_CTL_ADD, connection.fd, &event);
            idle.push_back(&connection);
        }
    }

    void open_loop() {
        is_open = true;
        run();
    }

    void closed_loop(i64 in_flight, double seconds) {
        deadline_ns = now_ns() + i64(seconds * SECOND_NS);
        in_flight_at_start = in_flight;
        run();
    }

    void report() const {
        const Text shown = Text(sample).substr(0, SAMPLE_BYTES);
        const Result result{started_ns,       ended_ns, cpu_ns,
                            i64(latencies.size()), n_refused, i64(noticed.size()), i64(shown.size())};
        std::fwrite(&result, sizeof result, 1, stdout);
        std::fwrite(shown.data(), 1, shown.size(), stdout);
        std::fwrite(latencies.data(), sizeof(i64), latencies.size(), stdout);
        std::fwrite(noticed.data(), sizeof(i64), noticed.size(), stdout);
        require(std::fflush(stdout) == 0, "cannot write the result");
    }

private:
    const bool is_websocket;
    const int poll;
    Text greeting;
    std::vector<Request> requests;
    std::vector<Connection> connections;
    std::vector<Connection*> idle;  // over HTTP
    bool is_open = false;
    i64 in_flight_at_start = 0, deadline_ns = 0;

    // Requests below n_due are due, those below n_sent are sent: what is between them waits.
    std::size_t n_due = 0, n_sent = 0, n_answered = 0;
    i64 started_ns = 0, ended_ns = 0, cpu_ns = 0, n_refused = 0;
    std::vector<i64> latencies, noticed;
    std::string sample;

    void run() {
        const i64 cpu_before_ns = time_ns(CLOCK_PROCESS_CPUTIME_ID);
        started_ns = now_ns();
        for (i64 i = 0; i < in_flight_at_start; ++i) make_next_due(started_ns);
        for (;;) {
            if (is_open) notice_due();
            send_waiting();
            if (n_answered == n_due && !is_more_to_come()) break;
            wait();
        }
        ended_ns = now_ns();
        cpu_ns = time_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_before_ns;
    }

    bool is_more_to_come() const { return is_open && n_due < requests.size(); }

    // Closed loop: nothing, once the requests are over; the reader of the result sees it by their number.
    void make_next_due(i64 at_ns) {
        if (n_due < requests.size()) requests[n_due++].due_ns = at_ns;
    }

    void notice_due() {
        const i64 at_ns = now_ns();
        while (n_due < requests.size() && started_ns + requests[n_due].due_ns <= at_ns) {
            Request& request = requests[n_due++];
            request.due_ns += started_ns;
            noticed.push_back(at_ns - request.due_ns);
        }
    }

    void send_waiting() {
        while (n_sent < n_due && (is_websocket || !idle.empty())) send_next(free_connection());
    }

    Connection& free_connection() {
        if (is_websocket) return connections[n_sent % connections.size()];
        Connection* connection = idle.back();
        idle.pop_back();
        return *connection;
    }

    void send_next(Connection& connection) {
        connection.request = n_sent;
        send_all(connection, requests[n_sent++].bytes);
    }

    void send_all(Connection& connection, Text bytes) {
        if (connection.unsent.empty()) bytes.remove_prefix(send_some(connection, bytes));
        connection.unsent.append(bytes);
    }

    // How many bytes the socket took.
    static std::size_t send_some(Connection& connection, Text bytes) {
        const ssize_t n = send(connection.fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) return std::size_t(n);
        require(errno == EAGAIN, "a connection broke while sending");
        return 0;
    }

    // Until something happens on a connection or the next request is due.
    void wait() {
        epoll_event events[256];
        const i64 for_ns =
            is_more_to_come()
                ? std::max(i64(0), started_ns + requests[n_due].due_ns - now_ns())
                : PATIENCE_NS;
        const timespec timeout{for_ns / SECOND_NS, for_ns % SECOND_NS};
        const int n = epoll_pwait2(poll, events, std::size(events), &timeout, nullptr);
        require(n >= 0 || errno == EINTR, "epoll_pwait2 failed: Linux 5.11 or newer is needed");
        require(n != 0 || is_more_to_come(), "no answer for 30 s");
        for (int i = 0; i < n; ++i) {
            Connection& connection = *static_cast<Connection*>(events[i].data.ptr);
            if (events[i].events & EPOLLOUT && !connection.unsent.empty()) {
                connection.unsent.erase(0, send_some(connection, connection.unsent));
            }
            if (events[i].events & ~EPOLLOUT) receive(connection);
        }
    }

    void receive(Connection& connection) {
        static char bytes[1 << 18];
        ssize_t n;
        do {
            n = recv(connection.fd, bytes, sizeof bytes, MSG_DONTWAIT);
            require(n > 0 || (n < 0 && errno == EAGAIN), "the server closed a connection");
            if (n > 0) take_answers(connection, Text(bytes, std::size_t(n)));
        } while (n == sizeof bytes);  // less: the socket is empty, as epoll(7) says
    }

    // Copies only what is no whole answer yet, which is rare.
    void take_answers(Connection& connection, Text received) {
        const i64 at_ns = now_ns();
        std::string joined;
        if (!connection.received.empty()) {
            joined.swap(connection.received);
            received = joined.append(received);
        }
        for (;;) {
            const Answer answer = is_websocket ? websocket_answer(received) : http_answer(received);
            if (!answer.size) break;
            received.remove_prefix(answer.size);
            if (answer.is_ping) {
                send_all(connection, pong(answer.text));
            } else {
                note(connection, answer, at_ns);
            }
        }
        connection.received = received;
    }

    void note(Connection& connection, const Answer& answer, i64 at_ns) {
        const std::size_t number = is_websocket ? std::size_t(answer.id) : connection.request;
        require(number < n_sent && !requests[number].answered, "an answer to nothing that was asked");
        requests[number].answered = true;
        ++n_answered;
        if (answer.accepted) {
            latencies.push_back(at_ns - requests[number].due_ns);
        } else if (!n_refused++) {
            sample = answer.text;
        }
        if (!is_websocket) idle.push_back(&connection);
        const i64 next_ns = now_ns();
        if (!is_open && next_ns < deadline_ns) make_next_due(next_ns);
        send_waiting();
    }
};

// A thousand connections are more than the usual soft limit.
static void allow_many_files() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char** argv) {
    require(argc == 6 || argc == 7,
            "usage: load HOST PORT http|websocket CONNECTIONS open|IN_FLIGHT [SECONDS]");
    const Text protocol = argv[3], pace = argv[5];
    require(protocol == "http" || protocol == "websocket", "the protocol is http or websocket");
    require((pace == "open") == (argc == 6), "a closed loop has its seconds, an open one has not");
    prctl(PR_SET_TIMERSLACK, 1);  // due times to the microsecond; Linux adds 50 otherwise
    allow_many_files();
    const std::string input = whole_input();
    Load load(protocol == "websocket", input);
    load.connect(argv[1], argv[2], std::atoi(argv[4]));
    if (pace == "open") {
        load.open_loop();
    } else {
        load.closed_loop(std::atoll(argv[5]), std::atof(argv[6]));
    }
    load.report();
}
