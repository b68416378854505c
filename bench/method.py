"""What RESULTS.md says about how it was measured."""


def method(pinned: bool, seconds: float) -> str:
    cores = (
        "The servers and their Redis have one core, the generator and all else the others."
        if pinned
        else "**There is one core only**, so servers and generator take turns on it."
    )
    return "\n".join(
        f"- {line}"
        for line in (
            f"{cores} Each rate lasts {seconds:g} s (half of that for crowds of other sizes, 20 s "
            "where nobody speaks) after 2 s that are not counted. The stacks take turns within a "
            "round; a server is started anew for each case. Crowds of other sizes, the Channels "
            "tutorial and a page among simulated people are read in the first round alone.",
            "Listeners and generator are on the same machine, on loopback. Latency is from the "
            "moment a message leaves the generator until a listener has read it, the generator's "
            "own delay included.",
            "Everybody is a listener and speaks when it is their turn. A message is 57 bytes of "
            "text; what comes back is whatever the server makes of it: NearTalk sends a row of "
            "HTML with name, distance and age, the others little more than the text. Messages "
            "that share a frame count as many deliveries.",
            "NATS and socketify have one room each: a subject that all subscribe to and publish "
            "on, and a topic of uWebSockets, called from Python. socketify polls where nothing "
            "happens, and its figures at few messages a second are mostly that.",
            "CPU is read from the clocks of the processes when the last delivery has come, so "
            "what a saturated server still has to do counts, and the wait for it does not.",
            "A crowd that has just come is given 7 s at NearTalk, which shows them who is near, "
            "and 1 s elsewhere: the drawing of those lists is not in the cost of a delivery.",
            "A delivery that never came is lost; the table of every round shows delivered and due.",
            "300 cells: the cells are side by side, 1.9 km by 2.3 km, and people and radii (200 m "
            "to 2 km) are spread evenly over them. They speak so often that a listener hears as "
            "much as in one cell: 10 messages a second.",
            "Rooms: NearTalk's are places too far apart to hear each other, Socket.IO's are rooms. "
            "NearTalk keeps every message in Redis and, being one process, tells no other; "
            "Socket.IO's adapter keeps nothing and tells the others, whether there are any or not.",
            "Idle: ten sockets in each of 500 places far apart. Memory is the growth from a server "
            "that has served 20 people to one with all the sockets, their sessions and places "
            "included.",
            "Walking: everything the server does is counted, the calls by which people move too. "
            "The same number of calls without a move is told beside it. What differs between "
            "the two, divided by the frames of people sent meanwhile, is a change for a cohort; "
            "nearly everybody there is a cohort of their own.",
            "Arrivals: ten people in each of 20 places, one after the other, from a client that "
            "keeps cookies and sends what the page sends, without its scripts and style sheets: "
            "the first page, a session, a place, the second page, and a socket until the mark "
            "that ends its first snapshot. CPU of the server is read after each step.",
            "The most that one process bears: messages a second rise until p99 is 250 ms, or a "
            "delivery of a thousand is missing, or somebody is cut off. The figure is the last "
            "step before that.",
            "A page among simulated people (`manage.py simulate`): every byte of frames that its "
            "socket is sent in five minutes, half a minute after it came, as so many an hour.",
            "Join storm: from the first byte of a connection until the mark that ends its first "
            "snapshot (history, people). The history is said at 125 messages/s; an arrival is "
            "shown the newest 200 of it.",
            "Several processes, 25 people in each of 40 places: `dealt` and `routed` are told "
            "above; the figure is deliveries beside one, a core each.",
            "Two processes: two cores are all there is and the generator needs one, so two busy "
            "servers cannot be watched without disturbing them. What is compared is the CPU of "
            "all processes (both servers and Redis) for each delivery at 100 messages/s, the crowd "
            "at one process or half of it at each of two. The figure is 2 x cost of one / cost of "
            "two: how much two full cores would deliver beside one. It takes the work to be "
            "spread evenly over the cores; the busiest process's part of the work says how far "
            "that holds.",
        )
    )
