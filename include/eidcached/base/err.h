#pragma once
/*
 * Errors travel as values. A function that can fail returns bool and takes a `struct eidc_err *`
 * (never NULL) as its last argument; on false the error is set and outputs are untouched. Each
 * level on the way up may wrap() it with what it knows. Errors are logged once, where the
 * decision about them is taken. Texts are for people and never hold a secret.
 */
#include <stdbool.h>

enum eidc_err_kind {
    EIDC_ERR_NONE = 0,
    EIDC_ERR_INVALID,     /* the input is wrong; trying again will not help */
    EIDC_ERR_NOT_FOUND,   /* the thing is not there (a database that was dropped, a key) */
    EIDC_ERR_DENIED,      /* credentials or permissions */
    EIDC_ERR_CONFLICT,    /* someone else was faster (lost compare-and-swap, EID collision) */
    EIDC_ERR_THROTTLED,   /* the peer asks to slow down */
    EIDC_ERR_UNAVAILABLE, /* the peer cannot be reached or has a fault */
    EIDC_ERR_TIMEOUT,
    EIDC_ERR_LIMIT,   /* a configured limit is exceeded */
    EIDC_ERR_CORRUPT, /* data fails its checks */
    EIDC_ERR_IO,      /* files and sockets of this machine */
    EIDC_ERR_NOMEM,
    EIDC_ERR_CANCELLED, /* the process is stopping */
};

#define EIDC_ERR_TEXT_MAX 1024

struct eidc_err {
    enum eidc_err_kind kind;
    char text[EIDC_ERR_TEXT_MAX]; /* NUL-terminated; cut at the end with "..." if too long */
};

/* Sets *err and returns false, so that `return eidc_fail(...)` reads well. */
bool eidc_fail(struct eidc_err *err, enum eidc_err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As eidc_fail with kind IO and ": strerror(errno)" appended; ENOENT becomes NOT_FOUND. */
bool eidc_fail_errno(struct eidc_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "context: " in front of the text; keeps the kind; returns false. */
bool eidc_wrap(struct eidc_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
