"""What simulated people write. One of `[this|that]` is chosen each time, a `{word}` once for
a whole conversation.
"""

from pathlib import Path

WORDS: dict[str, tuple[str, ...]] = {
    "street": (
        *("Mill Street", "Lime Lane", "Station Road", "Harbour Street", "Garden Street"),
        *("Bridge Street", "Chapel Lane", "Orchard Road", "Weaver Street", "Canal Street"),
    ),
    "corner": (
        *("the corner shop", "the fountain", "the old pump", "the kiosk", "the library"),
        *("the bicycle stands", "the playground", "the chestnut tree", "the church steps"),
    ),
    "line": ("2", "7", "12", "15", "41", "63", "104", "N8"),
    "bread": ("rye bread", "poppy seed rolls", "cinnamon knots", "flatbread", "sesame rings"),
    "cake": ("plum cake", "lemon tart", "cheesecake", "apple pie", "walnut cake", "carrot cake"),
    "drink": ("coffee", "tea", "hot chocolate", "lemonade", "ginger tea", "cold cocoa"),
    "colour": ("red", "grey", "dark green", "yellow", "striped", "blue", "brown", "purple"),
    "lost": ("glove", "scarf", "raincoat", "woollen hat", "cap", "mitten", "shopping bag"),
    "music": ("a cello", "an accordion", "a trumpet", "a piano", "a clarinet", "two violins"),
    "animal": ("cat", "small dog", "tortoise", "grey cat", "brown dog", "black cat"),
    "minutes": ("5", "10", "15", "20", "25", "30"),
    "hour": ("six", "seven", "half past six", "eight", "half past seven", "nine"),
    "tool": ("ladder", "drill", "bicycle pump", "hammer", "spirit level", "long cable"),
    "game": ("chess", "table tennis", "cards", "boules", "badminton", "backgammon"),
    "fruit": ("apples", "plums", "pears", "courgettes", "tomatoes", "quinces", "walnuts"),
    "book": ("crime novels", "cook books", "old maps", "comics", "a whole encyclopaedia"),
}

# A letter is who speaks; a letter again goes on without waiting for an answer.
CONVERSATIONS = Path(__file__).with_name("conversations.txt").read_text()

# Answers to a real person, by a word of theirs; the first that matches.
ANSWERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"\b(bots?|robots?|real|human|humans|simulat\w*|fake)\b",
        (
            "We are simulated, {name}: a command of the developers made us up. You are real.",
            "None of us is there, {name}. We are here to show you how it feels when people are.",
        ),
    ),
    (
        r"\b(bus|tram|train|metro|late|line)\b",
        (
            "The {line} comes every {minutes} minutes, [more or less|on a good day].",
            "I saw the {line} at {street} [a moment ago|just now], it should be with you soon.",
        ),
    ),
    (
        r"\b(coffee|tea|cafe|café|bakery|bread|cake|eat|food|lunch|dinner|hungry|restaurant)\b",
        (
            "Try the place by {corner}, [the {cake} is good|they have {drink}|it is small].",
            "[I like|We go to] the bakery on {street}. Ask for the {bread}.",
        ),
    ),
    (
        r"\b(music|song|concert|piano|guitar|band|sing)\b",
        (
            "Somebody plays {music} near {corner}, [every evening|with the window open].",
            "I hear it too, [from {street}|somewhere behind {corner}].",
        ),
    ),
    (
        r"\b(thanks|thank you|thx|cheers)\b",
        ("[You are welcome|Any time|With pleasure], {name}.", "[Gladly|Of course], {name}."),
    ),
    (
        r"\b(bye|goodbye|good night|see you|leaving)\b",
        ("[See you|Take care|Until soon], {name}.", "[Good night|Come back soon], {name}."),
    ),
    (
        r"\b(rain|weather|sun|snow|cold|warm|wind)\b",
        (
            "[Windy|Dry|A bit grey] here at {corner}, [but not cold|and quiet|what about you?]",
            "On {street} I can see [a piece of blue sky|dark clouds from the west].",
        ),
    ),
    (
        r"\b(lost|found|keys?|glove|wallet|dog|cat)\b",
        (
            "I will keep my eyes open, {name}. [I am on {street}.|I pass {corner} anyway.]",
            "Ask at {corner}: [they keep what people find|somebody left a {colour} {lost} there].",
        ),
    ),
    (
        r"\b(hi|hello|hey|moin|hallo|good (morning|evening|day|afternoon)|anybody|anyone)\b",
        (
            "Hello {name}. [Nice to read you.|How is your day?|I am near {corner}.]",
            "[Hi|Hello], {name}, [we are here|welcome|good to see somebody new].",
            "Yes, some of us. [I walk along {street} just now.|Hello from {corner}.]",
        ),
    ),
    (
        r"\?",
        (
            "[Good question|I wondered too], {name}. [Somebody at {corner} may know.|Anybody?]",
            "[Not sure, {name}.|I would ask around {corner}.|I think so, {name}, but ask again.]",
        ),
    ),
    (
        "",
        (
            "[I see what you mean|True|Well said], {name}.",
            "[Tell us more|Go on], {name}. [I am at {corner}, with time.|We are listening.]",
            "[Same here on {street}|Nice], {name}.",
        ),
    ),
)

GREETINGS = (
    "[Hello|Welcome|Hi], {name}. [Good to see somebody new.|Just arrived?|Write, and we answer.]",
    "{name} is here, [hello|welcome]. [How is it near {corner}?|Have you seen the {line}?]",
)

# Written after a knock was declined.
NO_VOICE = (
    "Somebody knocked: [sorry|thank you], [no microphone here|I cannot talk just now], "
    "[but I read everything|I am happy to write].",
    "[I can only write|Writing is all I do], so no to the knock, [but hello|nothing personal].",
)
