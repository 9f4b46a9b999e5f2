/* A browser as far as processes go: it starts itself three times, and each of them runs for a while. */
#include <stdio.h>
#include <windows.h>

int main(int count, char **arguments)
{
    (void)arguments;
    if (count > 1) {
        Sleep(4000);
        return 0;
    }
    char path[MAX_PATH], line[MAX_PATH + 32];
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(line, sizeof line, "\"%s\" --type=renderer", path);
    for (int child = 0; child < 3; child++) {
        STARTUPINFOA start = {sizeof start};
        PROCESS_INFORMATION process;
        CreateProcessA(path, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &process);
    }
    Sleep(6000);
    return 7;
}
