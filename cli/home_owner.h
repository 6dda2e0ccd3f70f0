/*
 * cli/home_owner.h - is what lies in $LIMA_HOME the user's own?
 *
 * Keys, defaults of every lima.yaml and whole instances are read from there, so who can put them there is root of the next guest and
 * reads and writes its folders. A path that anybody could have made before us, as /tmp/lima, is the way to that.
 */
#pragma once

struct error;

/*
 * Refused: a home, or a folder on the way to it, of somebody else in a folder where anybody makes things; and, in a home that is
 * open to all, what somebody else has made. A folder of somebody else that only we can have been led to (a volume of a container) is
 * as good as ours. A home that is not there yet will be.
 */
int home_is_ours(const char *home, struct error *err);
