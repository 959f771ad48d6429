# Answers every HTTP request on a port and closes the connection. In Perl, which every Debian has,
# because Node spends so much on a connection that what rules cost would hardly show.
use strict;
use warnings;
use Socket;

my ($port) = @ARGV;
my $answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n";

socket(my $listener, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!";
# Whoever had the port before may still be ending.
for my $attempt (1 .. 100) {
    last if bind($listener, sockaddr_in($port, INADDR_ANY));
    die "bind: $!" if $attempt == 100;
    select(undef, undef, undef, 0.01);
}
listen($listener, 1024) or die "listen: $!";
while (accept(my $client, $listener)) {
    sysread($client, my $request, 4096);
    syswrite($client, $answer);
    close($client);
}
