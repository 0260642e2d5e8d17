#include "eidcached/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define MS_PER_SECOND 1000
#define US_PER_SECOND 1000000
/* The years 0 to 9999, which four digits can say */
#define TIME_MIN (-62167219200000)
#define TIME_MAX 253402300799999

static int64_t clock_read(clockid_t id, int64_t units_per_second)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * units_per_second + t.tv_nsec / (1000000000 / units_per_second);
}

int64_t eidc_now_ms(void)
{
    return clock_read(CLOCK_REALTIME, MS_PER_SECOND);
}

int64_t eidc_mono_ms(void)
{
    return clock_read(CLOCK_MONOTONIC, MS_PER_SECOND);
}

int64_t eidc_mono_us(void)
{
    return clock_read(CLOCK_MONOTONIC, US_PER_SECOND);
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. Years start in March here,
 * so that the leap day is the last of its year. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    if (month <= 2)
        year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void eidc_time_print(int64_t unix_ms, char out[static EIDC_TIME_TEXT])
{
    if (unix_ms < TIME_MIN)
        unix_ms = TIME_MIN;
    if (unix_ms > TIME_MAX)
        unix_ms = TIME_MAX;
    int64_t ms = unix_ms % MS_PER_SECOND;
    if (ms < 0)
        ms += MS_PER_SECOND;
    time_t seconds = (time_t)((unix_ms - ms) / MS_PER_SECOND);
    struct tm tm = {0};
    gmtime_r(&seconds, &tm);
    char whole[24], fraction[8] = "";
    strftime(whole, sizeof whole, "-%m-%dT%H:%M:%S", &tm); /* %Y would leave out leading zeros */
    if (ms != 0)
        snprintf(fraction, sizeof fraction, ".%03u", (unsigned)ms % 1000u);
    snprintf(out, EIDC_TIME_TEXT, "%04u%s%sZ", ((unsigned)tm.tm_year + 1900u) % 10000u, whole,
             fraction);
}

/* Takes exactly `digits` digits from the front of s. */
static bool take_number(struct eidc_str *s, size_t digits, unsigned *out)
{
    uint64_t value;
    if (s->n < digits || !eidc_str_u64((struct eidc_str){s->p, digits}, UINT32_MAX, &value))
        return false;
    s->p += digits;
    s->n -= digits;
    *out = (unsigned)value;
    return true;
}

static bool take_char(struct eidc_str *s, const char *any_of)
{
    if (s->n == 0 || *s->p == 0 || strchr(any_of, *s->p) == NULL)
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool take_date(struct eidc_str *s, int64_t *days)
{
    static const unsigned char month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (!take_number(s, 4, &year) || !take_char(s, "-") || !take_number(s, 2, &month) ||
        !take_char(s, "-") || !take_number(s, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > month_days[month - 1] + (month == 2 && leap ? 1u : 0u))
        return false;
    *days = days_of(year, month, day);
    return true;
}

static bool take_clock(struct eidc_str *s, int64_t *seconds)
{
    unsigned hour, minute, second;
    if (!take_number(s, 2, &hour) || !take_char(s, ":") || !take_number(s, 2, &minute) ||
        !take_char(s, ":") || !take_number(s, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second */
        return false;
    *seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}

/* Nothing, or "." and 1 to 9 digits; what is finer than a millisecond is cut. */
static bool take_fraction(struct eidc_str *s, int64_t *ms)
{
    *ms = 0;
    if (!take_char(s, "."))
        return true;
    unsigned digit, count = 0;
    for (int64_t weight = 100; take_number(s, 1, &digit); weight /= 10, count++)
        *ms += weight * digit;
    return count >= 1 && count <= 9;
}

static bool take_offset(struct eidc_str *s, int64_t *seconds)
{
    *seconds = 0;
    if (take_char(s, "Zz"))
        return true;
    bool west = s->n > 0 && *s->p == '-';
    unsigned hours, minutes;
    if (!take_char(s, "+-") || !take_number(s, 2, &hours) || !take_char(s, ":") ||
        !take_number(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *seconds = (west ? -1 : 1) * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    return true;
}

bool eidc_time_parse(struct eidc_str text, int64_t *unix_ms)
{
    int64_t days, seconds, ms, offset;
    if (!take_date(&text, &days) || !take_char(&text, "Tt ") || !take_clock(&text, &seconds) ||
        !take_fraction(&text, &ms) || !take_offset(&text, &offset) || text.n != 0)
        return false;
    *unix_ms = (days * 86400 + seconds - offset) * MS_PER_SECOND + ms;
    return true;
}

/* splitmix64 (public domain, Sebastiano Vigna): one word of state a thread, seeded by the kernel */
static uint64_t random_u64(void)
{
    static _Thread_local uint64_t state;
    if (state == 0 && getrandom(&state, sizeof state, GRND_NONBLOCK) != (ssize_t)sizeof state)
        state = (uint64_t)eidc_mono_us() ^ (uint64_t)(uintptr_t)&state;
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t eidc_random_below(uint64_t below)
{
    if (below <= 1)
        return 0;
    uint64_t rest = (UINT64_MAX - below + 1) %
                    below; /* 2^64 mod below: these values would favour small results */
    uint64_t value;
    do
        value = random_u64();
    while (value < rest);
    return value % below;
}

int64_t eidc_backoff_ms(unsigned attempt, int64_t base_ms, int64_t max_ms)
{
    if (base_ms <= 0 || max_ms <= 0)
        return 0;
    int64_t ceiling = base_ms;
    for (unsigned i = 0; i < attempt && ceiling < max_ms; i++)
        ceiling = ceiling > max_ms / 2 ? max_ms : ceiling * 2;
    if (ceiling > max_ms)
        ceiling = max_ms;
    return (int64_t)eidc_random_below((uint64_t)ceiling + 1);
}
