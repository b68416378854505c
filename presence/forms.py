"""The bodies that calls accept."""

from django import forms

from neartalk.push import ENDPOINT_MAX
from neartalk.text import TextRefused, clean_name
from presence.geo import LATITUDE_MAX, RADIUS_MAX_M, RADIUS_MIN_M, Roughness
from presence.reserved_names import looks_official


class RoughnessField(forms.TypedChoiceField):
    """How finely others can place somebody; None where it is not said."""

    def __init__(self) -> None:
        choices = [(one.value, one.value) for one in Roughness]
        super().__init__(choices=choices, coerce=Roughness, empty_value=None, required=False)


class LocationForm(forms.Form):
    """A position in degrees, a reach in whole metres and how roughly to place them."""

    lat = forms.FloatField(min_value=-90, max_value=90)
    lon = forms.FloatField(min_value=-180, max_value=180)
    radius = forms.RegexField(r"\A\d{1,4}\Z")
    roughness = RoughnessField()

    def clean_lat(self) -> float:
        lat = float(self.cleaned_data["lat"])
        if abs(lat) > LATITUDE_MAX:
            raise forms.ValidationError("too near to a pole", code="beyond-85")
        return lat

    def clean_radius(self) -> int:
        radius_m = int(self.cleaned_data["radius"])
        if not RADIUS_MIN_M <= radius_m <= RADIUS_MAX_M:
            raise forms.ValidationError("out of range")
        return radius_m

    def why(self) -> str:
        """The error code of a form that is not valid."""
        if "lon" not in self.errors and self.has_error("lat", "beyond-85"):
            return "beyond-85"
        if {"lat", "lon"} & self.errors.keys():
            return "bad-place"
        return "bad-radius" if "radius" in self.errors else "bad-roughness"


class PersonForm(forms.Form):
    """Somebody else, by the id that others see."""

    person_id = forms.RegexField(r"\A[0-9a-f]{16}\Z")


SWITCHES = {"true": True, "1": True, "on": True, "false": False, "0": False, "": False}


class SwitchField(forms.Field):
    """On or off, in JSON or in a form; off where it is not said."""

    def to_python(self, value: object) -> bool:
        if value is None:
            return False
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], bool):
            return value[0]
        if type(value) is not str or value not in SWITCHES:
            raise forms.ValidationError("neither on nor off")
        return SWITCHES[value]


class PushForm(forms.Form):
    """What a browser is reached by: an endpoint and two keys, and whether texts may go there."""

    endpoint = forms.CharField(max_length=ENDPOINT_MAX, strip=False)
    p256dh = forms.RegexField(r"\A[A-Za-z0-9_-]{87}=?\Z", strip=False)
    auth = forms.RegexField(r"\A[A-Za-z0-9_-]{22}(==)?\Z", strip=False)
    text = SwitchField(required=False)


class NameField(forms.Field):
    """A name others will see. The code of its error says what is wrong."""

    def to_python(self, value: object) -> str:
        if value is None and not self.required:
            return ""
        if type(value) is not str:  # a JSON number is a str of its own kind
            raise forms.ValidationError("not text", code="bad-frame")
        if not value and not self.required:
            return ""
        try:
            name = clean_name(value)
        except TextRefused as why:
            raise forms.ValidationError("refused", code=why.code) from why
        if looks_official(name):
            raise forms.ValidationError("refused", code="name-reserved")
        return name


class NameForm(forms.Form):
    username = NameField()

    def why(self) -> str:
        return self.errors.as_data()["username"][0].code or "bad-frame"


class SolutionField(forms.Field):
    """A solution of a challenge, in the one piece that ALTCHA makes of it."""

    def to_python(self, value: object) -> str:
        if value is None or value == "":
            return ""
        if type(value) is not str:  # a JSON number is a str of its own kind
            raise forms.ValidationError("not text", code="work-wrong")
        return value


class NewcomerForm(NameForm):
    """Who begins a session: a name, how roughly to place them, and a solution where one is asked
    for."""

    username = NameField(required=False)
    altcha = SolutionField(required=False)
    roughness = RoughnessField()

    def why(self) -> str:
        if "username" in self.errors:
            return super().why()
        return "work-wrong" if "altcha" in self.errors else "bad-roughness"
