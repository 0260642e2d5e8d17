#include "eidcached/ctl/answer.h"

#include "eidcached/base/json.h"

static void print_alone(const struct eidc_ctl *ctl, const struct eidc_ctl_answer *answer)
{
    for (size_t i = 0; i < answer->values.count; i++) {
        eidc_ctl_put(ctl, eidc_ctl_list_at(&answer->values, i));
        fputc('\n', ctl->io->out);
    }
}

static void print_line(const struct eidc_ctl *ctl, const struct eidc_ctl_answer *answer)
{
    eidc_ctl_put(ctl, answer->key);
    fputc('\t', ctl->io->out);
    if (answer->values.count > 0)
        eidc_ctl_put(ctl, eidc_ctl_list_at(&answer->values, 0));
    fputc('\n', ctl->io->out);
}

static void print_json(const struct eidc_ctl *ctl, const struct eidc_ctl_answer *answer)
{
    EIDC_BUF_AUTO out = {0};
    struct eidc_json j = eidc_json_to(&out);
    eidc_json_open_object(&j);
    eidc_json_put_str(&j, answer->reverse ? "eid" : "name", answer->key);
    eidc_json_key(&j, answer->reverse ? "name" : "eid");
    if (answer->values.count == 0)
        eidc_json_null(&j);
    else
        eidc_json_str(&j, eidc_ctl_list_at(&answer->values, 0));
    if (answer->values.count > 1) {
        eidc_json_key(&j, answer->reverse ? "names" : "eids");
        eidc_json_open_array(&j);
        for (size_t i = 0; i < answer->values.count; i++)
            eidc_json_str(&j, eidc_ctl_list_at(&answer->values, i));
        eidc_json_close_array(&j);
    }
    eidc_json_close_object(&j);
    eidc_buf_add_byte(&out, '\n');
    fwrite(out.p, 1, out.n, ctl->io->out);
}

void eidc_ctl_answer_print(const struct eidc_ctl *ctl, const struct eidc_ctl_answer *answer)
{
    if (ctl->options.json)
        print_json(ctl, answer);
    else if (answer->alone)
        print_alone(ctl, answer);
    else
        print_line(ctl, answer);
}
