/* Listens on the TCP port of 127.0.0.1 that is named, for a minute. */
#include <winsock2.h>
#include <stdlib.h>

int main(int count, char **words)
{
    WSADATA data;
    struct sockaddr_in place = {0};
    SOCKET listener;
    char nothing;
    if (count != 2 || WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return 1;
    listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.sin_port = htons((u_short)atoi(words[1]));
    if (bind(listener, (struct sockaddr *)&place, sizeof place) != 0 || listen(listener, 1) != 0)
        return 2;
    /* Fails. But Wine knows whose a socket is by what its process has open, and that it has from now on. */
    recv(listener, &nothing, 1, 0);
    Sleep(60000);
    return 0;
}
