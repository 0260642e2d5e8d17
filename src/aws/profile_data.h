#pragma once
/* The profiles as they are kept: for profile.c, and profile_parse.c, which fills them. */
#include "eidcached/aws/profile.h"

struct eidc_profile_setting {
    char *key, *value;
};

struct eidc_profile_section {
    char *name;
    bool weak; /* [default] of the config file: gives way to [profile default] */
    struct eidc_profile_setting *settings;
    size_t n;
};

struct eidc_profiles {
    struct eidc_profile_section *sections;
    size_t n;
};

/* NULL: there is none. */
struct eidc_profile_section *eidc_profiles_find(const struct eidc_profiles *profiles,
                                                const char *name);
/* Finds it or adds it. */
struct eidc_profile_section *eidc_profiles_need(struct eidc_profiles *profiles, const char *name);
/* NULL: there is none. Keys are compared without case. */
struct eidc_profile_setting *eidc_profile_setting(const struct eidc_profile_section *section,
                                                  const char *key);
void eidc_profile_set(struct eidc_profile_section *section, const char *key, struct eidc_str value);
void eidc_profile_clear(struct eidc_profile_section *section);
void eidc_profile_wipe(char *value); /* and frees it */

/* Adds what one of the two files says; `file` is its name, for errors. */
bool eidc_profiles_read(struct eidc_profiles *profiles, const char *file, bool credentials,
                        struct eidc_str text, struct eidc_err *err);
