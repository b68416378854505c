"""The forms of the calls of the chat: which fields a client may send, of which shape."""

from django import forms

from chat.messages import PUBLIC_ID
from chat.models import Report
from chat.reports import ANSWERS_MAX
from neartalk.models import Reason
from neartalk.text import TextRefused, clean_words
from presence.forms import PersonForm


class WordsField(forms.Field):
    """A text that is cleaned as a message is; "" where the field is missing. Its errors carry an
    error code of ours."""

    def to_python(self, value: object) -> str:
        if value is None:
            return ""
        if type(value) is not str:  # a JSON number is a str of its own kind
            raise forms.ValidationError("not text", code="bad-frame")
        try:
            return clean_words(value)
        except TextRefused as why:
            raise forms.ValidationError("refused", code=why.code) from why


class MessageIdsField(forms.Field):
    """Ids of messages: a list in JSON, with spaces between in a form; () where the field is
    missing."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(required=False)

    def to_python(self, value: object) -> tuple[str, ...]:
        if value is None:
            return ()
        ids = value.split() if type(value) is str else value
        if not isinstance(ids, list | tuple) or len(ids) > self.most:
            raise forms.ValidationError("no such list")
        if not all(type(one) is str and PUBLIC_ID.fullmatch(one) for one in ids):
            raise forms.ValidationError("not an id")
        return (*ids,)


class ReportForm(PersonForm):
    """Who is reported, for which message or where, and why; and which messages of their own the
    reporter adds. The evidence is the server's own."""

    message_id = forms.RegexField(rf"^{PUBLIC_ID.pattern}\Z", required=False)
    where = forms.ChoiceField(choices=Report.Where.choices, required=False)
    reason = forms.ChoiceField(choices=Reason.choices)
    words = WordsField(required=False)
    answers = MessageIdsField(ANSWERS_MAX)

    def why(self) -> str:
        """The error code of a form that is not valid."""
        wrong = self.errors.as_data()
        return (wrong["words"][0].code or "bad-frame") if [*wrong] == ["words"] else "bad-frame"
