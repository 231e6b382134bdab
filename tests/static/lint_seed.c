/* SPDX-License-Identifier: BSD-2-Clause */
/* A fault that clang-tidy, cppcheck and gcc -fanalyzer must each find (scripts/static). Nobody builds it otherwise. */
int seed(int wanted);

int seed(int wanted)
{
	int found = 0;
	int *p = 0;

	if (wanted)
		p = &found;
	return *p;
}
