/* scripts/cppcheck.h - macros of libraries that cppcheck does not read. */
#define cJSON_ArrayForEach(e, array) for ((e) = (array) ? (array)->child : NULL; (e); (e) = (e)->next)
