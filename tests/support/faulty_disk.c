// A disk that fails when it is told to, under a program that knows nothing of it.
//
//   cc -shared -fPIC -O2 -o faulty_disk.so tests/support/faulty_disk.c
//   LD_PRELOAD=faulty_disk.so FAULTY_DISK=PREFIX FAULTY_DISK_CONTROL=FILE FAULTY_DISK_LOG=FILE program
//
// Calls for regular files whose path begins with PREFIX (as /proc/self/fd shows it: absolute, without links)
// fail as the words in the control file say. It is read with every such call, so the test changes it while
// the program runs; no file, or an empty one: nothing fails.
//
//   write      write, writev, pwrite and pwritev fail with EIO, and nothing is written
//   quota      the same with EDQUOT
//   torn       as write, but a write of more than one byte first writes half of it and says so (a short
//              count); what follows in the same file fails
//   sync-keep  fdatasync and fsync fail with EIO, and what was written stays to be read
//   sync-zero  the same, and what was written since the last sync reads as zeros; the length stays. It is
//              what the kernel leaves when it has dropped the pages of a failed write-back into fresh blocks
//   sync-cut   the same, and what was written since the last sync is gone: the length of the last sync. It
//              is what the disk has after a crash that follows the failure
//   only=TEXT  further calls fail only if TEXT is in their path: only=.ledger
//
// Each failure is a line of the log, `write PATH` or `sync PATH`: so a test knows that it happened.
//
// As the kernel does, it reports a failed sync once: the next one of the same file succeeds, unless it is
// told to fail too, and makes durable what is there then. "Since the last sync" goes by length, so it is
// right for files that grow at their end: the length before the first write that this process made, or at its
// last sync that succeeded, or a later, smaller one. What an earlier process wrote counts as synced.
//
// What the C library calls inside itself is not seen: fwrite and printf. A directory's fsync is let through.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { files_at_most = 4096, text_at_most = 4096 };

struct file {
  dev_t device;
  ino_t inode;
  off_t synced;
  int torn;  // half of a write was taken: the next one fails
};

static struct file files[files_at_most];
static int file_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// ---- the kernel itself: none of these comes back here

static ssize_t kernel_write(int fd, const void* bytes, size_t size) {
  return syscall(SYS_write, fd, bytes, size);
}

static ssize_t read_whole(const char* path, char* text) {
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return 0;
  const ssize_t size = syscall(SYS_read, fd, text, text_at_most - 1);
  syscall(SYS_close, fd);
  return size > 0 ? size : 0;
}

static void say(const char* what, const char* path) {
  const char* log = getenv("FAULTY_DISK_LOG");
  if (log == NULL) return;
  char line[text_at_most + 16];
  const int size = snprintf(line, sizeof line, "%s %s\n", what, path);
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return;
  if (kernel_write(fd, line, (size_t)size) != size) abort();
  syscall(SYS_close, fd);
}

// ---- which file, and what is asked of it

// Whether it is one of ours; then its path and status.
static int ours(int fd, char* path, struct stat* status) {
  const char* prefix = getenv("FAULTY_DISK");
  if (prefix == NULL) return 0;
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, text_at_most - 1);
  if (size <= 0) return 0;
  path[size] = '\0';
  return strncmp(path, prefix, strlen(prefix)) == 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode);
}

static int told(const char* word, const char* path) {
  const char* control = getenv("FAULTY_DISK_CONTROL");
  char text[text_at_most];
  if (control == NULL) return 0;
  text[read_whole(control, text)] = '\0';
  int found = 0;
  char* rest = NULL;
  for (char* each = strtok_r(text, " \n", &rest); each != NULL; each = strtok_r(NULL, " \n", &rest)) {
    if (strncmp(each, "only=", 5) == 0 && strstr(path, each + 5) == NULL) return 0;
    if (strcmp(each, word) == 0) found = 1;
  }
  return found;
}

// With the lock held.
static struct file* known(const struct stat* status) {
  for (int i = 0; i < file_count; ++i)
    if (files[i].device == status->st_dev && files[i].inode == status->st_ino) return &files[i];
  if (file_count == files_at_most) {
    fprintf(stderr, "faulty_disk: more than %d files\n", files_at_most);
    abort();
  }
  files[file_count] = (struct file){status->st_dev, status->st_ino, status->st_size, 0};
  return &files[file_count++];
}

// ---- writing

// How many of `size` bytes may be written; -1 with errno: the call fails.
static ssize_t allowed(int fd, size_t size) {
  char path[text_at_most];
  struct stat status;
  const int before = errno;
  if (!ours(fd, path, &status)) {
    errno = before;
    return (ssize_t)size;
  }
  pthread_mutex_lock(&lock);
  struct file* file = known(&status);
  if (status.st_size < file->synced) file->synced = status.st_size;
  const int torn = told("torn", path);
  const int half = torn && size > 1 && !file->torn;
  const int quota = told("quota", path);
  const int fails = !half && (torn || quota || told("write", path));
  file->torn = torn;
  pthread_mutex_unlock(&lock);
  if (fails) say("write", path);
  errno = !fails ? before : quota ? EDQUOT : EIO;
  if (fails) return -1;
  return (ssize_t)(half ? size / 2 : size);
}

// The vectors that hold the first `size` bytes; their number.
static int first_of(const struct iovec* from, int count, size_t size, struct iovec* to) {
  int i = 0;
  for (; i < count && size > 0; ++i) {
    to[i] = from[i];
    if (to[i].iov_len > size) to[i].iov_len = size;
    size -= to[i].iov_len;
  }
  return i;
}

static size_t size_of(const struct iovec* parts, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return size;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  const ssize_t some = allowed(fd, size);
  return some < 0 ? -1 : kernel_write(fd, bytes, (size_t)some);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  const ssize_t some = allowed(fd, size);
  return some < 0 ? -1 : syscall(SYS_pwrite64, fd, bytes, (size_t)some, at);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return pwrite64(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  const ssize_t some = allowed(fd, size_of(parts, count));
  if (some < 0 || count > 1024) return some < 0 ? -1 : syscall(SYS_writev, fd, parts, count);
  struct iovec taken[1024];
  return syscall(SYS_writev, fd, taken, first_of(parts, count, (size_t)some, taken));
}

ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t at) {
  const ssize_t some = allowed(fd, size_of(parts, count));
  if (some < 0 || count > 1024) return some < 0 ? -1 : syscall(SYS_pwritev, fd, parts, count, at, 0);
  struct iovec taken[1024];
  return syscall(SYS_pwritev, fd, taken, first_of(parts, count, (size_t)some, taken), at, 0);
}

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t at) {
  return pwritev64(fd, parts, count, at);
}

// ---- syncing

// The descriptor may be for appending or for writing only: what is lost goes through one of its own.
static void lose(const char* path, off_t from, off_t to, int cut) {
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return;  // it has no name any more: nobody reads it either
  static const char zeros[65536];
  int failed = cut && syscall(SYS_ftruncate, fd, from) != 0;
  while (!cut && !failed && from < to) {
    const size_t size = to - from < (off_t)sizeof zeros ? (size_t)(to - from) : sizeof zeros;
    failed = syscall(SYS_pwrite64, fd, zeros, size, from) != (ssize_t)size;
    from += (off_t)size;
  }
  if (failed) abort();
  syscall(SYS_close, fd);
}

static int sync_by(long call, int fd) {
  char path[text_at_most];
  struct stat status;
  const int before = errno;
  const int is_ours = ours(fd, path, &status);
  errno = before;
  if (!is_ours) return (int)syscall(call, fd);
  pthread_mutex_lock(&lock);
  struct file* file = known(&status);
  const int zero = told("sync-zero", path), cut = told("sync-cut", path);
  const int fails = zero || cut || told("sync-keep", path);
  if ((zero || cut) && file->synced < status.st_size) lose(path, file->synced, status.st_size, cut);
  const int result = fails ? -1 : (int)syscall(call, fd);
  if (result == 0) file->synced = status.st_size;
  pthread_mutex_unlock(&lock);
  if (fails) say("sync", path);
  errno = fails ? EIO : errno;
  return result;
}

int fdatasync(int fd) {
  return sync_by(SYS_fdatasync, fd);
}

int fsync(int fd) {
  return sync_by(SYS_fsync, fd);
}
