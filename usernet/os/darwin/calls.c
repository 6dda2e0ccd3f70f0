#include "usernet/os/calls.h"

const struct call_list calls_of_switch;
const struct call_list calls_not_of_keeper;
