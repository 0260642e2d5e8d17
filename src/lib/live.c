/*
 * Counting holders without their meeting at one counter: each thread counts in its own stripe.
 * A stripe's word is the newest image's slot and the number of holders of it, so that holding is
 * one addition that also says what is held. Letting go takes the holder out of the word again. A
 * replacement swaps every word for the new slot with no holders, and so learns how many hold the
 * old image; those find another slot in their word when they let go, and count down in the old
 * slot instead. Until the replacement has added them all up, the slot's count has a bias that
 * they cannot bring to zero. A slot is used again only when it is free, so a word that has a
 * holder's slot counts that holder.
 */
#include "live.h"

#define SLOT_SHIFT 48
#define BIAS       (1LL << 50) /* more than ever hold at once */

static unsigned slot_of(unsigned long long word)
{
    return (unsigned)(word >> SLOT_SHIFT);
}

static unsigned long long word_of(unsigned slot)
{
    return (unsigned long long)slot << SLOT_SHIFT;
}

static long long holders_of(unsigned long long word)
{
    return (long long)(word & (word_of(1) - 1));
}

/* Threads take turns at the stripes. In the thread's static block: the first look-up of a thread
 * must not make the loader allocate. */
static unsigned my_stripe(void)
{
    static atomic_uint threads;
    static _Thread_local unsigned stripe __attribute__((tls_model("initial-exec")));
    if (stripe == 0)
        stripe =
            1 + atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % EIDC_LIVE_STRIPES;
    return stripe - 1;
}

static void occupy(struct eidc_live_slot *slot, struct eidc_image *image)
{
    slot->image = image;
    atomic_store_explicit(&slot->left, BIAS, memory_order_relaxed);
}

void eidc_live_init(struct eidc_live *live, struct eidc_image *image)
{
    *live = (struct eidc_live){.newest = 0};
    pthread_mutex_init(&live->lock, NULL);
    occupy(&live->slots[0], image);
}

void eidc_live_end(struct eidc_live *live)
{
    eidc_image_free(live->slots[live->newest].image);
    pthread_mutex_destroy(&live->lock);
}

struct eidc_hold eidc_live_hold(struct eidc_live *live)
{
    unsigned stripe = my_stripe();
    unsigned long long word =
        atomic_fetch_add_explicit(&live->stripes[stripe].word, 1, memory_order_acquire);
    unsigned slot = slot_of(word);
    return (struct eidc_hold){live->slots[slot].image, slot, stripe};
}

/* Adds to what is left of a replaced image; frees it when that is nothing. From then on the slot
 * is another's. */
static void count(struct eidc_live_slot *slot, long long change)
{
    struct eidc_image *image = slot->image;
    if (atomic_fetch_add_explicit(&slot->left, change, memory_order_acq_rel) + change == 0)
        eidc_image_free(image);
}

void eidc_live_release(struct eidc_live *live, const struct eidc_hold *hold)
{
    atomic_ullong *at = &live->stripes[hold->stripe].word;
    unsigned long long word = atomic_load_explicit(at, memory_order_relaxed);
    while (slot_of(word) == hold->slot) {
        if (atomic_compare_exchange_weak_explicit(at, &word, word - 1, memory_order_release,
                                                  memory_order_relaxed))
            return;
    }
    count(&live->slots[hold->slot], -1);
}

/* A slot that no image is in, or EIDC_LIVE_SLOTS. */
static unsigned free_slot(const struct eidc_live *live)
{
    unsigned slot = 0;
    while (slot < EIDC_LIVE_SLOTS &&
           atomic_load_explicit(&live->slots[slot].left, memory_order_acquire) != 0)
        slot++;
    return slot;
}

bool eidc_live_replace(struct eidc_live *live, struct eidc_image *image)
{
    const unsigned old = live->newest, fresh = free_slot(live);
    long long holders = 0;
    if (fresh == EIDC_LIVE_SLOTS)
        return false;
    occupy(&live->slots[fresh], image);
    live->newest = fresh;
    for (unsigned i = 0; i < EIDC_LIVE_STRIPES; i++)
        holders += holders_of(
            atomic_exchange_explicit(&live->stripes[i].word, word_of(fresh), memory_order_acq_rel));
    count(&live->slots[old], holders - BIAS);
    return true;
}
