/* What lets Python call kernels that were compiled before: numba is needed when a package is built, not when it runs.

   In: a kernel's address, a word on the types of its arguments, the arguments. Out: what it returns. Arrays are taken by
   the buffer protocol, so that no version of Python or numpy is built in; what Python's interface is needed for comes as
   a table of addresses, so that this is linked against nothing. The layout of what a kernel takes and of what it
   allocates is numba's. Costs some hundred nanoseconds a call, and fifty an array.

   A word has a letter for each argument. An array is the letter of its items, its dimensions, and `w` where it is written to:
   `Q2w` is a matrix of unsigned integers of 64 bits. A number is `i` (int64), `u` (uint64), `d` (float64) or `b` (bool), a
   tuple has brackets around its own. What is returned is a word of the same kind; `-` is nothing. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#define SHOWN __declspec(dllexport)
#else
#define SHOWN __attribute__((visibility("default")))
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ORDER ">!"
#else
#define ORDER "<"
#endif

typedef void Object;

typedef struct { /* Py_buffer, which has been the same since Python 3.11 */
    void *data;
    Object *holder;
    ptrdiff_t bytes, item;
    int readonly, dimensions;
    char *format;
    ptrdiff_t *shape, *strides, *suboffsets;
    void *internal;
} Buffer;

enum { CONTIGUOUS = 0x0018 | 0x0020, FORMAT = 0x0004, WRITABLE = 0x0001 }; /* PyBUF_C_CONTIGUOUS and others */

static struct { /* in the order of `calling.FUNCTIONS` */
    int (*get_buffer)(Object *, Buffer *, int);
    void (*release_buffer)(Buffer *);
    ptrdiff_t (*tuple_size)(Object *);
    Object *(*tuple_item)(Object *, ptrdiff_t);
    Object *(*index)(Object *);
    void (*let_go)(Object *);
    long long (*as_signed)(Object *);
    unsigned long long (*as_unsigned)(Object *);
    double (*as_double)(Object *);
    int (*is_true)(Object *);
    Object *(*error)(void);
    void (*set_error)(Object *, const char *, ...);
    Object *(*from_signed)(long long);
    Object *(*from_unsigned)(unsigned long long);
    Object *(*from_double)(double);
    Object *(*from_bool)(long);
    Object *(*new_reference)(Object *);
    Object *(*new_tuple)(ptrdiff_t);
    int (*set_item)(Object *, ptrdiff_t, Object *);
    Object *(*from_bytes)(const char *, ptrdiff_t);
    void *(*release_gil)(void);
    void (*take_gil)(void *);
} python;

enum { SLOTS = 512, ARRAYS = 64, RESULT = 32 };

typedef struct {
    int64_t slots[SLOTS];
    Buffer held[ARRAYS];
    int used, arrays;
    Object *type_error;
    const char *kernel;
} Call;

/* --- memory of kernels: the layout and the functions of numba's run time ---------------------------------------- */

typedef struct {
    size_t references;
    void (*destroy)(void *, size_t, void *);
    void *note, *data;
    size_t size;
    void *allocator;
} Memory;

void *NRT_MemInfo_alloc_aligned(size_t size, uint32_t align) {
    Memory *memory;
    char *data;
    if (size > SIZE_MAX / 2 || !(memory = malloc(sizeof(Memory) + size + align)))
        return NULL;
    data = (char *)(memory + 1);
    data += (align - (uintptr_t)data % align) % align;
    *memory = (Memory){1, NULL, NULL, data, size, NULL};
    return memory;
}

void *NRT_MemInfo_alloc(size_t size) { return NRT_MemInfo_alloc_aligned(size, 16); }

void NRT_MemInfo_call_dtor(Memory *memory) { free(memory); }

void *NRT_Allocate(size_t size) { return malloc(size); }

void NRT_Free(void *memory) { free(memory); }

static void drop(Memory *memory) {
    if (memory && --memory->references == 0)
        free(memory);
}

/* --- from Python --------------------------------------------------------------------------------------------------- */

static int refuse(Call *call, const char *why) {
    if (!python.error())
        python.set_error(call->type_error, "%s: %s", call->kernel, why);
    return 0;
}

/* Whether the items of an array are what a kernel was compiled for; names of integers differ between systems. */
static int same_items(char letter, const Buffer *array) {
    const char *found = array->format && *array->format && strchr("@=" ORDER, *array->format) ? array->format + 1 : array->format;
    const char *signs = "bhilq", *counts = "BHILQ", *alike = strchr(signs, letter) ? signs : strchr(counts, letter) ? counts : NULL;
    ptrdiff_t size = strchr("bB?", letter) ? 1 : strchr("hH", letter) ? 2 : strchr("iIf", letter) ? 4 : 8;
    if (!found || !*found || found[1] || array->item != size)
        return 0;
    return alike ? strchr(alike, *found) != NULL : *found == letter;
}

static int put_array(Call *call, const char **word, Object *given) {
    char letter = (*word)[0];
    int dimensions = (*word)[1] - '0', written = (*word)[2] == 'w';
    Buffer *array = &call->held[call->arrays];
    int64_t *slots = call->slots + call->used;
    ptrdiff_t items = 1;
    *word += 2 + written;
    if (call->arrays == ARRAYS || call->used + 5 + 2 * dimensions > SLOTS)
        return refuse(call, "too many arrays");
    if (python.get_buffer(given, array, CONTIGUOUS | FORMAT | (written ? WRITABLE : 0)))
        return 0;
    call->arrays++;
    if (array->dimensions != dimensions)
        return refuse(call, "an array has another number of dimensions");
    if (!same_items(letter, array))
        return refuse(call, "an array has items of another type");
    for (int k = 0; k < dimensions; k++) {
        items *= array->shape[k];
        slots[5 + k] = array->shape[k];
        slots[5 + dimensions + k] = array->strides[k];
    }
    slots[0] = slots[1] = 0;
    slots[2] = items;
    slots[3] = array->item;
    slots[4] = (int64_t)(intptr_t)array->data;
    call->used += 5 + 2 * dimensions;
    return 1;
}

static int put_number(Call *call, char letter, Object *given) {
    int64_t *slot = call->slots + call->used++;
    Object *whole;
    if (call->used > SLOTS)
        return refuse(call, "too many arguments");
    if (letter == 'd') {
        double value = python.as_double(given);
        memcpy(slot, &value, sizeof value);
    } else if (letter == 'b') {
        *slot = python.is_true(given);
    } else {
        if (!(whole = python.index(given)))
            return 0;
        *slot = letter == 'u' ? (int64_t)python.as_unsigned(whole) : (int64_t)python.as_signed(whole);
        python.let_go(whole);
    }
    return *slot != -1 || !python.error();
}

static int put_all(Call *call, const char **word, Object *given) {
    ptrdiff_t count = python.tuple_size(given), k = 0;
    if (count < 0)
        return 0;
    for (; **word && **word != ')'; k++) {
        Object *one = k < count ? python.tuple_item(given, k) : NULL;
        int done;
        if (!one)
            return refuse(call, "too few arguments");
        if (**word == '(') {
            ++*word;
            done = put_all(call, word, one);
            ++*word;
        } else if (strchr("iudb", **word) && !((*word)[1] >= '1' && (*word)[1] <= '9')) {
            done = put_number(call, *(*word)++, one);
        } else {
            done = put_array(call, word, one);
        }
        if (!done)
            return 0;
    }
    return k == count ? 1 : refuse(call, "too many arguments");
}

/* --- and back ------------------------------------------------------------------------------------------------------ */

static Object *take_one(const char **word, const int64_t **slots) {
    char letter = *(*word)++;
    const int64_t *from = *slots;
    double value;
    if (**word >= '1' && **word <= '9') { /* an array, whose bytes are copied: it lives as long as Python wants it */
        Object *bytes = python.from_bytes((const char *)(intptr_t)from[4], from[2] * from[3]);
        *slots += 5 + 2 * (**word - '0');
        *word += 1 + ((*word)[1] == 'w');
        drop((Memory *)(intptr_t)from[0]);
        return bytes;
    }
    ++*slots;
    if (letter == 'i')
        return python.from_signed(*from);
    if (letter == 'u')
        return python.from_unsigned((uint64_t)*from);
    if (letter == 'b')
        return python.from_bool(*(const char *)from != 0);
    memcpy(&value, from, sizeof value);
    return python.from_double(value);
}

static Object *take_all(const char *word, const int64_t *slots) {
    ptrdiff_t count = 0, k = 0;
    Object *made, *one;
    if (*word != '(')
        return take_one(&word, &slots);
    for (const char *at = word + 1; *at != ')'; at++)
        count += !(*at >= '1' && *at <= '9') && *at != 'w';
    if (!(made = python.new_tuple(count)))
        return NULL;
    for (word++; *word != ')'; k++) {
        if (!(one = take_one(&word, &slots)) || python.set_item(made, k, one)) {
            python.let_go(made);
            return NULL;
        }
    }
    return made;
}

/* --- what Python calls --------------------------------------------------------------------------------------------- */

/* Returns whether this processor has what the kernels were compiled for. */
SHOWN int dedup_begin(void **functions) {
    memcpy(&python, functions, sizeof python);
#ifdef LEVEL
    __builtin_cpu_init();
    return __builtin_cpu_supports(LEVEL) != 0;
#else
    return 1;
#endif
}

SHOWN Object *dedup_call(int32_t (*run)(int64_t *, void *, void **), const char *kernel, const char *takes, const char *gives,
                         Object *arguments, Object *type_error, Object *failed, Object *nothing) {
    Call call; /* nothing of it is read before it was written */
    int64_t result[RESULT];
    void *problem = NULL, *thread;
    int32_t status = -1;
    int ready;
    call.used = call.arrays = 0;
    call.type_error = type_error;
    call.kernel = kernel;
    ready = put_all(&call, &takes, arguments);
    if (ready) {
        thread = python.release_gil();
        status = run(call.slots, result, &problem);
        python.take_gil(thread);
    }
    for (int k = 0; k < call.arrays; k++)
        python.release_buffer(&call.held[k]);
    if (!ready)
        return NULL;
    if (status) {
        python.set_error(failed, "%s could not be run to its end: most likely there is no memory left", kernel);
        return NULL;
    }
    return *gives == '-' ? python.new_reference(nothing) : take_all(gives, result);
}
