#include "base/distance.h"

#include <ctype.h>
#include <stdbool.h>

enum { LONGEST = 63, FAR = 1000 };

size_t
word_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t row[LONGEST + 1];

	if (alen > LONGEST || blen > LONGEST)
		return FAR;
	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
			size_t d = corner + !same;

			corner = row[j];
			if (row[j] + 1 < d)
				d = row[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			row[j] = d;
		}
	}
	return row[blen];
}
