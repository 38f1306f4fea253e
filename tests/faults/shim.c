/*
 * Stands between a process and its disk (LD_PRELOAD): counts the calls that change files, and at the N-th one kills the
 * process, or lets the disk fail. test_io_faults.py builds it; shimmed.py arms it in a child.
 *
 * Only regular files and folders count: pipes and terminals are no disk. Reading is never hindered.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode {
    COUNT = 0,
    KILL = 1,     /* die instead of the N-th call */
    TEAR = 2,     /* the N-th call, if it writes, writes half, then death */
    FULL = 3,     /* from the N-th call on, nothing that needs room succeeds: ENOSPC; a write may be cut short first */
    BROKEN = 4,   /* the N-th call fails: EIO */
    DYING = 5,    /* from the N-th call on, all fail: EIO */
};

enum what { WRITES = 1, GROWS = 2, OTHER = 4 };

static long armed_at, seen;
static enum mode armed;
static int trace = -1;

/* Called by the child before it begins. `fd` is a file that each counted call is noted in, or -1. */
void shim_arm(int mode, long at, int fd)
{
    armed = mode;
    armed_at = at;
    trace = fd;
    seen = 0;
}

long shim_seen(void)
{
    return seen;
}

static void note(const char *name, int fd, const char *path)
{
    char link[64], target[512], line[640];
    if (trace < 0)
        return;
    if (path == NULL) {
        ssize_t length;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        length = readlink(link, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = 0;
        path = target;
    }
    snprintf(line, sizeof line, "%s %.511s\n", name, path);
    syscall(SYS_write, trace, line, strlen(line)); /* past this shim: it does not count itself */
}

static int is_disk(int fd)
{
    struct stat about;
    int before = errno;
    int found = fd != trace && fstat(fd, &about) == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
    errno = before;
    return found;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Counts one call. 0: go on. 1: write half, then come to `after`. -1: fail, errno is set. */
static int before(const char *name, enum what what, int fd, const char *path)
{
    int hits;
    seen++;
    hits = armed == FULL || armed == DYING ? seen >= armed_at : seen == armed_at;
    if (armed == COUNT || seen == armed_at)
        note(name, fd, path);
    if (armed == COUNT || !hits)
        return 0;
    switch (armed) {
    case TEAR:
        if (what == WRITES)
            return 1;
        die(); /* there is nothing to tear */
        return -1;
    case KILL:
        die();
        return -1;
    case FULL:
        if (what == OTHER)
            return 0; /* a full disk still syncs, renames and deletes */
        if (what == WRITES && seen == armed_at)
            return 1;
        errno = ENOSPC;
        return -1;
    default:
        errno = EIO;
        return -1;
    }
}

static ssize_t after_half(ssize_t written)
{
    if (armed == TEAR)
        die();
    if (written == 0) {
        errno = ENOSPC;
        return -1;
    }
    return written;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define WRITING(name, fd, size, ...)                                                                                   \
    REAL(name);                                                                                                        \
    if (!is_disk(fd))                                                                                                  \
        return real(__VA_ARGS__);                                                                                      \
    switch (before(#name, WRITES, fd, NULL)) {                                                                         \
    case -1:                                                                                                           \
        return -1;                                                                                                     \
    case 1:                                                                                                            \
        size /= 2;                                                                                                     \
        return after_half(size == 0 ? 0 : real(__VA_ARGS__));                                                          \
    default:                                                                                                           \
        return real(__VA_ARGS__);                                                                                      \
    }

ssize_t write(int fd, const void *data, size_t size)
{
    WRITING(write, fd, size, fd, data, size)
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    WRITING(pwrite, fd, size, fd, data, size, at)
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    WRITING(pwrite64, fd, size, fd, data, size, at)
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    REAL(writev);
    if (is_disk(fd) && before("writev", GROWS, fd, NULL) < 0)
        return -1;
    return real(fd, pieces, count);
}

#define ON_FD(type, name, what, parameters, ...)                                                                       \
    type name parameters                                                                                               \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        if (is_disk(fd) && before(#name, what, fd, NULL) < 0)                                                          \
            return -1;                                                                                                 \
        return real(__VA_ARGS__);                                                                                      \
    }

ON_FD(int, fsync, OTHER, (int fd), fd)
ON_FD(int, fdatasync, OTHER, (int fd), fd)
ON_FD(int, ftruncate, GROWS, (int fd, off_t size), fd, size)
ON_FD(int, ftruncate64, GROWS, (int fd, off64_t size), fd, size)

/* These return the error instead of setting errno. */
int posix_fallocate(int fd, off_t at, off_t size)
{
    REAL(posix_fallocate);
    return is_disk(fd) && before("posix_fallocate", GROWS, fd, NULL) < 0 ? errno : real(fd, at, size);
}

int posix_fallocate64(int fd, off64_t at, off64_t size)
{
    REAL(posix_fallocate64);
    return is_disk(fd) && before("posix_fallocate64", GROWS, fd, NULL) < 0 ? errno : real(fd, at, size);
}

#define ON_PATH(name, what, path, parameters, ...)                                                                     \
    int name parameters                                                                                                \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        if (before(#name, what, -1, path) < 0)                                                                         \
            return -1;                                                                                                 \
        return real(__VA_ARGS__);                                                                                      \
    }

ON_PATH(rename, OTHER, to, (const char *from, const char *to), from, to)
ON_PATH(renameat, OTHER, to, (int one, const char *from, int other, const char *to), one, from, other, to)
ON_PATH(link, GROWS, to, (const char *from, const char *to), from, to)
ON_PATH(linkat, GROWS, to, (int one, const char *from, int other, const char *to, int flags), one, from, other, to, flags)
ON_PATH(unlink, OTHER, path, (const char *path), path)
ON_PATH(unlinkat, OTHER, path, (int at, const char *path, int flags), at, path, flags)
ON_PATH(rmdir, OTHER, path, (const char *path), path)
ON_PATH(mkdir, GROWS, path, (const char *path, mode_t mode), path, mode)

/* Opening counts where it makes a file. */
static int makes(int at, const char *path, int flags)
{
    int found, before = errno;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return 1;
    found = (flags & O_CREAT) && faccessat(at, path, F_OK, 0) != 0;
    errno = before;
    return found;
}

#define OPENING(name, at, path, flags, ...)                                                                                \
    mode_t mode = 0;                                                                                                   \
    REAL(name);                                                                                                        \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }                                                                                                                  \
    if (makes(at, path, flags) && before(#name, GROWS, -1, path) < 0)                                                  \
        return -1;                                                                                                     \
    return real(__VA_ARGS__, flags, mode);

int open(const char *path, int flags, ...)
{
    OPENING(open, AT_FDCWD, path, flags, path)
}

int open64(const char *path, int flags, ...)
{
    OPENING(open64, AT_FDCWD, path, flags, path)
}

int openat(int at, const char *path, int flags, ...)
{
    OPENING(openat, at, path, flags, at, path)
}

int openat64(int at, const char *path, int flags, ...)
{
    OPENING(openat64, at, path, flags, at, path)
}
