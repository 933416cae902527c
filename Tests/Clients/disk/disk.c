/* Stands between a program and its files (LD_PRELOAD): writes down every change below a folder, in
 * order, and makes one of them fail, come out short, be dropped as if it had happened, or end the
 * program before it happens.
 *
 * SPOTTER_DISK_ROOT     the folder; nothing else is looked at
 * SPOTTER_DISK_LOG      where records are appended; support/disk.py says how they are laid out
 * SPOTTER_DISK_CONTROL  a file of four 64-bit numbers: how many changes from now on the fault comes
 *                       (0: none), which fault, the kinds of change that count as bits, and how many
 *                       faults have come
 *
 * One lock orders all changes, so that the log has them as the files did. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum change { CREATE = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, LINK, MKDIR, RMDIR };
enum fault { FAIL_IO = 1, FAIL_FULL, SHORT, DROP, KILL };

struct record { uint32_t change, length1, length2, unused; uint64_t inode, at; };
struct control { int64_t countdown, fault, changes, done; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int log_descriptor = -1;
static volatile struct control *control;

#define REAL(result, name, ...)                                                  \
    static result (*real_##name)(__VA_ARGS__);                                   \
    if (!real_##name) real_##name = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int open_directly(const char *path, int flags, int mode) {
    REAL(int, open, const char *, int, ...);
    return real_open(path, flags, mode);
}

static ssize_t write_directly(int file, const void *bytes, size_t count) {
    REAL(ssize_t, write, int, const void *, size_t);
    return real_write(file, bytes, count);
}

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("SPOTTER_DISK_LOG"), *path = getenv("SPOTTER_DISK_CONTROL");
    const char *folder = getenv("SPOTTER_DISK_ROOT");
    if (!folder || !log) return;
    log_descriptor = open_directly(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (path) {
        int file = open_directly(path, O_RDWR | O_CLOEXEC, 0);
        void *memory = mmap(0, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (memory != MAP_FAILED) control = memory;
    }
    root_length = strlen(folder);
    root = folder;
}

static int is_below(const char *path) {
    return !strncmp(path, root, root_length) && (!path[root_length] || path[root_length] == '/');
}

/* The path of an open file or folder below the root; 0 for all others. */
static int path_of(int file, char *path) {
    struct stat status;
    if (!root || fstat(file, &status) || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
        return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int absolute(int folder, const char *name, char *path) {
    if (!root) return 0;
    if (name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", name);
    } else {
        char parent[PATH_MAX];
        if (folder == AT_FDCWD) {
            if (!getcwd(parent, sizeof parent)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
            ssize_t length = readlink(link, parent, sizeof parent - 1);
            if (length < 0) return 0;
            parent[length] = 0;
        }
        if (snprintf(path, PATH_MAX, "%s/%s", parent, name) >= PATH_MAX) return 0;
    }
    return is_below(path);
}

static uint64_t inode_of(int file) {
    struct stat status;
    return fstat(file, &status) ? 0 : status.st_ino;
}

static uint64_t inode_at(const char *path) {
    struct stat status;
    return lstat(path, &status) ? 0 : status.st_ino;
}

static void note(enum change change, uint64_t inode, uint64_t at, const void *first, size_t length1,
                 const void *second, size_t length2) {
    struct record record = {change, length1, length2, 0, inode, at};
    REAL(ssize_t, writev, int, const struct iovec *, int);
    struct iovec parts[] = {
        {&record, sizeof record}, {(void *)first, length1}, {(void *)second, length2}};
    size_t left = sizeof record + length1 + length2;
    if (real_writev(log_descriptor, parts, 3) != (ssize_t)left) abort();
}

static void note_path(enum change change, uint64_t inode, const char *path, const char *other) {
    note(change, inode, 0, path, strlen(path), other, other ? strlen(other) : 0);
}

/* The fault that comes now, or 0. */
static int fault(enum change change) {
    if (!control || control->countdown <= 0 || !(control->changes >> change & 1)) return 0;
    if (--control->countdown > 0) return 0;
    if (control->fault == SHORT && change != WRITE) return 0;
    control->done++;
    if (control->fault == FAIL_IO) errno = EIO;
    if (control->fault == FAIL_FULL) errno = ENOSPC;
    if (control->fault == KILL) raise(SIGKILL);
    return control->fault;
}

#define GUARDED(result, body)          \
    do {                               \
        pthread_mutex_lock(&lock);     \
        result = body;                 \
        int kept = errno;              \
        pthread_mutex_unlock(&lock);   \
        errno = kept;                  \
    } while (0)

/* MARK: Files */

static int opened(int folder, const char *name, int flags, mode_t mode) {
    REAL(int, openat, int, const char *, int, ...);
    char path[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || !absolute(folder, name, path))
        return real_openat(folder, name, flags, mode);
    int was_there = inode_at(path) != 0;
    int wrong = !was_there ? fault(CREATE) : 0;
    if (wrong && wrong != DROP) return -1;
    int file = real_openat(folder, name, flags, mode);
    if (file < 0) return file;
    if (!was_there) note_path(CREATE, inode_of(file), path, 0);
    else if (flags & O_TRUNC) note(TRUNCATE, inode_of(file), 0, path, strlen(path), 0, 0);
    return file;
}

#define OPEN(name, folder_parameter, folder)                                  \
    int name(folder_parameter const char *path, int flags, ...) {             \
        mode_t mode = 0;                                                      \
        if (flags & (O_CREAT | O_TMPFILE)) {                                  \
            va_list list;                                                     \
            va_start(list, flags);                                            \
            mode = va_arg(list, mode_t);                                      \
            va_end(list);                                                     \
        }                                                                     \
        int file;                                                             \
        GUARDED(file, opened(folder, path, flags, mode));                     \
        return file;                                                          \
    }
#define AND ,
OPEN(open, , AT_FDCWD)
OPEN(open64, , AT_FDCWD)
OPEN(openat, int folder AND, folder)
OPEN(openat64, int folder AND, folder)

static ssize_t written(int file, const void *bytes, size_t count, off_t at, int is_positioned) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    char path[PATH_MAX];
    if (!path_of(file, path))
        return is_positioned ? real_pwrite(file, bytes, count, at)
                             : write_directly(file, bytes, count);
    if (!is_positioned) {
        struct stat status;
        int appends = fcntl(file, F_GETFL) & O_APPEND;
        at = appends && !fstat(file, &status) ? status.st_size : lseek(file, 0, SEEK_CUR);
    }
    switch (fault(WRITE)) {
    case FAIL_IO: case FAIL_FULL: return -1;
    case SHORT: count = count > 1 ? count / 2 : count; break;
    case DROP:
        if (!is_positioned) lseek(file, count, SEEK_CUR);
        return count;
    }
    ssize_t done = is_positioned ? real_pwrite(file, bytes, count, at)
                                 : write_directly(file, bytes, count);
    if (done > 0) note(WRITE, inode_of(file), at, path, strlen(path), bytes, done);
    return done;
}

ssize_t write(int file, const void *bytes, size_t count) {
    /* Sockets and pipes may block, which nobody else should wait for. */
    char path[PATH_MAX];
    if (!path_of(file, path)) return write_directly(file, bytes, count);
    ssize_t done;
    GUARDED(done, written(file, bytes, count, 0, 0));
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    ssize_t done;
    GUARDED(done, written(file, bytes, count, at, 1));
    return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at) {
    return pwrite(file, bytes, count, at);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    char path[PATH_MAX];
    if (!path_of(file, path)) return real_writev(file, parts, count);
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write(file, parts[i].iov_base, parts[i].iov_len);
        if (done < 0) return total ? total : done;
        total += done;
        if (done < (ssize_t)parts[i].iov_len) break;
    }
    return total;
}

static int truncated(int file, off_t length) {
    REAL(int, ftruncate, int, off_t);
    char path[PATH_MAX];
    if (!path_of(file, path)) return real_ftruncate(file, length);
    int wrong = fault(TRUNCATE);
    if (wrong) return wrong == DROP ? 0 : -1;
    int result = real_ftruncate(file, length);
    if (!result) note(TRUNCATE, inode_of(file), length, path, strlen(path), 0, 0);
    return result;
}

int ftruncate(int file, off_t length) {
    int result;
    GUARDED(result, truncated(file, length));
    return result;
}

int ftruncate64(int file, off_t length) { return ftruncate(file, length); }

static int synced(int file) {
    REAL(int, fsync, int);
    char path[PATH_MAX];
    if (!path_of(file, path)) return real_fsync(file);
    int wrong = fault(SYNC);
    if (wrong) return wrong == DROP ? 0 : -1;
    /* The log says what would have been lost; waiting for the real disk shows nothing. */
    note(SYNC, inode_of(file), 0, path, strlen(path), 0, 0);
    return 0;
}

int fsync(int file) {
    int result;
    GUARDED(result, synced(file));
    return result;
}

int fdatasync(int file) { return fsync(file); }

/* MARK: Names */

static int renamed(int from, const char *old, int to, const char *new, unsigned flags) {
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    char one[PATH_MAX], other[PATH_MAX];
    if (!absolute(from, old, one) || !absolute(to, new, other))
        return real_renameat2(from, old, to, new, flags);
    int wrong = fault(RENAME);
    if (wrong) return wrong == DROP ? 0 : -1;
    uint64_t inode = inode_at(one);
    int result = real_renameat2(from, old, to, new, flags);
    if (!result) note_path(RENAME, inode, one, other);
    return result;
}

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    int result;
    GUARDED(result, renamed(from, old, to, new, flags));
    return result;
}

int renameat(int from, const char *old, int to, const char *new) {
    return renameat2(from, old, to, new, 0);
}

int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

static int linked(int from, const char *old, int to, const char *new, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    char one[PATH_MAX], other[PATH_MAX];
    if (!absolute(to, new, other)) return real_linkat(from, old, to, new, flags);
    int wrong = fault(LINK);
    if (wrong) return wrong == DROP ? 0 : -1;
    int result = real_linkat(from, old, to, new, flags);
    if (!result && absolute(from, old, one)) note_path(LINK, inode_at(other), one, other);
    return result;
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
    int result;
    GUARDED(result, linked(from, old, to, new, flags));
    return result;
}

int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

static int removed(int folder, const char *name, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    char path[PATH_MAX];
    if (!absolute(folder, name, path)) return real_unlinkat(folder, name, flags);
    enum change change = flags & AT_REMOVEDIR ? RMDIR : UNLINK;
    uint64_t inode = inode_at(path);
    int wrong = inode ? fault(change) : 0;
    if (wrong) return wrong == DROP ? 0 : -1;
    int result = real_unlinkat(folder, name, flags);
    if (!result) note_path(change, inode, path, 0);
    return result;
}

int unlinkat(int folder, const char *name, int flags) {
    int result;
    GUARDED(result, removed(folder, name, flags));
    return result;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int folder, const char *name, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    char path[PATH_MAX];
    if (!absolute(folder, name, path)) return real_mkdirat(folder, name, mode);
    int wrong = inode_at(path) ? 0 : fault(MKDIR);
    if (wrong && wrong != DROP) return -1;
    int result = real_mkdirat(folder, name, mode);
    if (!result) note_path(MKDIR, inode_at(path), path, 0);
    return result;
}

int mkdirat(int folder, const char *name, mode_t mode) {
    int result;
    GUARDED(result, made(folder, name, mode));
    return result;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
