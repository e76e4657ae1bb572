#include "syslog_socket.hpp"

#include <runnel/format/syslog.hpp>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <vector>

namespace runnel::sinks {
namespace {

using namespace std::chrono_literals;
using Way = SyslogAddress::Way;

constexpr auto longest_connect = 10s;
constexpr auto slice = 100ms;               // how often a wait looks whether anybody waits for it
constexpr std::size_t shortest_cut = 1024;  // what does not take this much takes nothing

[[noreturn]] void fail(int error) {
  throw SocketError(std::strerror(error));
}

int poll_one(int fd, short events, std::chrono::milliseconds most) {
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, static_cast<int>(most.count()));
}

int error_of(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= 65535;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  const std::string without_zone(text.substr(0, text.find('%')));
  return ::inet_pton(AF_INET6, without_zone.c_str(), &address) == 1;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return c > 0x20 && c < 0x7f && c != '/' && c != ':' && c != '[' && c != ']';
  };
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, fits);
}

sockaddr_un local_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  return address;
}

int connect_local(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) fail(errno);
  const auto address = local_address(path);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  ::close(fd);
  fail(error);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses look_up(const SyslogAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = address.way == Way::udp ? SOCK_DGRAM : SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  if (is_ipv6(address.host)) hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (error == EAI_SYSTEM) fail(errno);
  if (error != 0) throw SocketError("the name cannot be looked up: " + std::string(::gai_strerror(error)));
  return {found, &::freeaddrinfo};
}

// Its error; 0: it is connected.
int connect_one(int fd, const addrinfo& address, const std::function<bool()>& given_up) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const auto until = std::chrono::steady_clock::now() + longest_connect;
  while (poll_one(fd, POLLOUT, slice) <= 0) {
    if (given_up() || std::chrono::steady_clock::now() >= until) return ETIMEDOUT;
  }
  return error_of(fd);
}

// Frames are made to be sent at once; and a server that has vanished must be noticed while nothing is sent.
void tune_stream(int fd) {
  const auto set = [fd](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 6);
}

}  // namespace

std::optional<SyslogAddress> parse_syslog_address(std::string_view text) {
  if (text.starts_with('/')) {
    const bool fits = text.size() < sizeof sockaddr_un::sun_path && text.find('\0') == text.npos;
    return fits ? std::optional(SyslogAddress{Way::local, std::string(text), ""}) : std::nullopt;
  }
  SyslogAddress address;
  if (text.starts_with("udp://")) {
    address.way = Way::udp;
  } else if (text.starts_with("tcp://")) {
    address.way = Way::tcp;
  } else {
    return std::nullopt;
  }
  text.remove_prefix(6);
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_port(text.substr(colon + 1))) return std::nullopt;
  address.port = text.substr(colon + 1);
  auto host = text.substr(0, colon);
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  if (in_brackets ? !is_ipv6(host) : !is_name(host)) return std::nullopt;
  address.host = host;
  return address;
}

std::string wrong_syslog_address(std::string_view text) {
  if (parse_syslog_address(text)) return "";
  return "it is no address of a syslog server; write the path of a socket (\"/dev/log\", at most 107 bytes), "
         "\"udp://HOST:PORT\" or \"tcp://HOST:PORT\", with an IPv6 address in brackets: \"udp://[::1]:514\"";
}

SyslogSocket::SyslogSocket(SyslogAddress address, std::size_t attempt, const std::function<bool()>& given_up)
    : address_(std::move(address)) {
  if (address_.way == Way::local)
    open_local();
  else
    open_by_name(attempt, given_up);
}

SyslogSocket::~SyslogSocket() {
  close();
}

void SyslogSocket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void SyslogSocket::open_local() {
  server_ = identity();  // first: a server that changes in between is then taken for another one
  fd_ = connect_local(address_.host);
}

void SyslogSocket::open_by_name(std::size_t attempt, const std::function<bool()>& given_up) {
  const auto found = look_up(address_);
  std::vector<const addrinfo*> all;
  for (const auto* each = found.get(); each != nullptr; each = each->ai_next) all.push_back(each);
  if (address_.way == Way::udp)
    std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(attempt % all.size()));
  int error = 0;
  for (const auto* each : all) {
    fd_ = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, each->ai_protocol);
    error = fd_ < 0 ? errno : connect_one(fd_, *each, given_up);
    if (error == 0) break;
    close();
  }
  if (fd_ < 0) fail(error);
  if (address_.way == Way::tcp) tune_stream(fd_);
}

std::size_t SyslogSocket::send(const SyslogWindow::Frames& frames, std::size_t offset) {
  if (address_.way != Way::tcp) return send_datagrams(frames, offset);
  const auto rest = std::string_view(frames.bytes).substr(offset);
  const auto count = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN || errno == EINTR) return 0;
  fail(errno);
}

// Many at once: one call for up to 256.
std::size_t SyslogSocket::send_datagrams(const SyslogWindow::Frames& frames, std::size_t offset) {
  std::array<iovec, 256> pieces{};
  std::array<mmsghdr, 256> messages{};
  const auto first = std::ranges::upper_bound(frames.ends, offset);
  std::size_t count = 0;
  auto begin = offset;
  for (auto end = first; end != frames.ends.end() && count < pieces.size(); ++end, ++count) {
    const auto whole = std::string_view(frames.bytes).substr(begin, *end - begin);
    const auto held = format::cut_at_character(whole, longest_);
    pieces[count] = {const_cast<char*>(held.data()), held.size()};
    messages[count].msg_hdr.msg_iov = &pieces[count];
    messages[count].msg_hdr.msg_iovlen = 1;
    begin = *end;
  }
  const int sent =
      ::sendmmsg(fd_, messages.data(), static_cast<unsigned>(count), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EINTR) return 0;
    if (errno != EMSGSIZE || pieces[0].iov_len <= shortest_cut) fail(errno);
    longest_ = std::max(shortest_cut, pieces[0].iov_len / 2);
    return 0;
  }
  begin = offset;
  for (auto end = first; end != first + sent; begin = *end++) cut_ += *end - begin > longest_ ? 1 : 0;
  return begin - offset;
}

std::size_t SyslogSocket::unacknowledged() const {
  int bytes = 0;
  if (::ioctl(fd_, SIOCOUTQ, &bytes) != 0) fail(errno);
  return static_cast<std::size_t>(bytes);
}

// What a server says is read and dropped: were it left unread, closing would make the kernel tell the
// server's to throw away what it has not read yet.
void SyslogSocket::check() const {
  if (const int error = error_of(fd_); error != 0) fail(error);
  if (address_.way != Way::tcp) return;
  std::array<char, 4096> said;
  for (int i = 0; i < 16; ++i) {
    const auto count = ::recv(fd_, said.data(), said.size(), MSG_DONTWAIT);
    if (count == 0) throw SocketError("the server closed the connection");
    if (count > 0) continue;
    if (errno == EAGAIN || errno == EINTR) return;
    fail(errno);
  }
}

// A socket for datagrams is not told that its other end is gone.
void SyslogSocket::check_server() const {
  if (address_.way != Way::local) return;
  ::close(connect_local(address_.host));
  if (identity() != server_) throw SocketError("another server is there now");
}

SyslogSocket::Identity SyslogSocket::identity() const {
  struct stat status {};
  if (::stat(address_.host.c_str(), &status) != 0) fail(errno);
  return {status.st_dev, status.st_ino};
}

void SyslogSocket::wait_for_room(std::chrono::milliseconds most) const {
  poll_one(fd_, POLLOUT, most);
}

void SyslogSocket::wait_for_news(std::chrono::milliseconds most) const {
  poll_one(fd_, address_.way == Way::tcp ? POLLIN : 0, most);
}

}  // namespace runnel::sinks
