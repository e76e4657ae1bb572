#pragma once

#include <runnel/disk/disk.hpp>

#include <string>

namespace runnel::disk {

/// The directory that `path` is in.
std::string parent(const std::string& path);

/// Makes it with all above it, where they are missing. Errors: throws Error.
void make_directories(Disk& disk, const std::string& directory, mode_t mode);

/// Makes durable what was made, renamed and removed in it. Errors: throws SyncFailed; Error when it cannot be
/// opened, and may then come again.
void sync_directory(Disk& disk, const std::string& directory);

}  // namespace runnel::disk
