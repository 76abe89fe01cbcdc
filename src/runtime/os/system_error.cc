#include "runtime/os/system_error.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>

namespace millrace::runtime::os {
namespace {

Errc errc_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return Errc::kNotFound;
    case EEXIST:
      return Errc::kAlreadyExists;
    case EADDRINUSE:
      return Errc::kAddressInUse;
    case EADDRNOTAVAIL:
      return Errc::kAddressNotHere;
    case ENOSPC:
    case EDQUOT:
      return Errc::kDiskFull;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return Errc::kOverloaded;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ETIMEDOUT:
      return Errc::kUnreachable;
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
    case ECONNABORTED:
      return Errc::kClosed;
    default:
      return Errc::kIo;
  }
}

}  // namespace

Error system_error(int error_number, std::string_view what, std::string_view on) {
  return Error(errc_of(error_number), fmt::format("{} {}: {}", what, on, strerror(error_number)));
}

}  // namespace millrace::runtime::os
