#include "eidcached/base/units.h"

const struct eidc_unit eidc_duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0},
};

bool eidc_units_parse(struct eidc_str text, const struct eidc_unit *units, uint64_t bare,
                      uint64_t *out)
{
    uint64_t number, factor = 0;
    size_t digits = 0;
    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    struct eidc_str unit = {text.p + digits, text.n - digits};
    if (!eidc_str_u64((struct eidc_str){text.p, digits}, UINT64_MAX, &number))
        return false;
    for (; units->name != NULL && factor == 0; units++)
        if (eidc_str_eq(unit, eidc_str_of(units->name)))
            factor = units->factor;
    if (factor == 0 && unit.n == 0)
        factor = number == 0 ? 1 : bare;
    return factor != 0 && !__builtin_mul_overflow(number, factor, out);
}
