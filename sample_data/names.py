"""Names of people, companies and streets, by language, and how they look in an e-mail address."""

from __future__ import annotations

import unicodedata

FEMALE = {
    "de": "Anna Julia Sabine Katrin Lena Ursula Heike Johanna Petra Zoë Mia Birgit",
    "fr": "Camille Élodie Chloé Sophie Nathalie Léa Manon Hélène Inès Margaux Aurélie Claire",
    "en": "Emma Olivia Charlotte Grace Sarah Amelia Rachel Fiona Hannah Lucy Megan Zara",
    "es": "Lucía María Carmen Paula Sofía Inés Marta Elena Pilar Nerea Raquel Begoña",
    "nl": "Sanne Femke Anouk Lotte Iris Marieke Fleur Noor Esther Saskia Eline Maud",
    "sv": "Elsa Maja Ingrid Astrid Saga Linnéa Karin Åsa Ebba Malin Sofia Tove",
}
MALE = {
    "de": "Thomas Stefan Lukas Jürgen Felix Matthias Jörg Paul Björn Günter Tobias Leon",
    "fr": "Pierre Louis Julien Théo François Mathieu Jérôme Hugo Rémi Antoine Benoît Gaël",
    "en": "James Oliver George Harry William Daniel Liam Callum Simon Edward Owen Marcus",
    "es": "Javier Álvaro José Pablo Sergio Andrés Miguel Jesús Iván Raúl Diego Íñigo",
    "nl": "Daan Bram Jeroen Sven Ruben Pieter Joost Maarten Thijs Koen Wouter Niels",
    "sv": "Erik Lars Oskar Björn Anders Göran Nils Håkan Gustav Viktor Emil Åke",
}
LAST = {
    "de": "Müller Schmidt Schneider Fischer Weber Wagner Becker Schäfer Koch Bauer Richter Klein "
    "Wolf Schröder Neumann Schwarz Zimmermann Krüger Hofmann Lange Weiß König Huber Maier",
    "fr": "Martin Bernard Dubois Thomas Robert Petit Durand Leroy Moreau Lefèvre Roux Fournier "
    "Girard Bonnet Dupont Lambert Fontaine Rousseau Faure Mercier Gauthier Béranger",
    "en": "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker White "
    "Robinson Thompson Hughes Edwards Green Hall Wood Clarke Turner Baker O'Brien Campbell",
    "es": "García Fernández González Rodríguez López Martínez Sánchez Pérez Gómez Martín Jiménez "
    "Ruiz Hernández Díaz Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro Ibáñez",
    "nl": "Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Brouwer "
    "Dijkstra Kok Maas Verhoeven Prins Kuipers Postma Willems Schouten Groen",
    "sv": "Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Lindberg "
    "Lindström Bergström Sjöberg Åberg Holm Öberg Nyström Hedlund Forsberg Ek",
}
STREETS = {
    "de": "Hauptstraße|Bahnhofstraße|Schulstraße|Gartenweg|Lindenallee|Goethestraße|Am Markt",
    "fr": "Rue de la République|Avenue Victor Hugo|Rue du Château|Place de l'Église|Rue Pasteur",
    "en": "High Street|Station Road|Church Lane|Victoria Road|Mill Lane|Park Avenue|King Street",
    "es": "Calle Mayor|Avenida de la Constitución|Calle del Sol|Plaza de España|Calle Real",
    "nl": "Dorpsstraat|Kerkstraat|Molenweg|Stationsplein|Prinsengracht|Schoolstraat",
    "sv": "Storgatan|Drottninggatan|Skolgatan|Kungsvägen|Björkvägen|Strandvägen",
}
COMPANY_STEMS: str = (
    "Alpha Nord Sud Rhein Euro Atlas Delta Orion Linden Baltic Iber Gallo Vega Castor Polar Union "
    "Terra Aqua Helios Nova Prisma Vector Quanta Silva Mondo Arbor Ferro Lumen Corona Meridia"
)
COMPANY_TRADES = {
    "de": "Logistik Bau Technik Handel Metall Pharma Energie Druck Medien Hotel",
    "fr": "Logistique Bâtiment Technique Commerce Métaux Santé Énergie Imprimerie Médias Hôtels",
    "en": "Logistics Construction Engineering Trading Metals Healthcare Energy Print Media Hotels",
    "es": "Logística Construcción Técnica Comercio Metales Salud Energía Artes Medios Hoteles",
    "nl": "Logistiek Bouw Techniek Handel Metaal Zorg Energie Druk Media Hotels",
    "sv": "Logistik Bygg Teknik Handel Metall Vård Energi Tryck Media Hotell",
}
MAIL_DOMAINS = "mailbox.example|postfach.example|webmail.example|inbox.example|letters.example"
LANGUAGES = tuple(LAST)

_SPELLED = str.maketrans(
    {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "å": "a", "ø": "o", "'": "", " ": "-"}
)


def plain(name: str) -> str:
    """The name as it stands in an e-mail address: small, without accents.

    >>> plain("Jürgen"), plain("O'Brien"), plain("Élodie")
    ('juergen', 'obrien', 'elodie')
    """
    spelled = name.lower().translate(_SPELLED)
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()


def vocabulary(words: dict[str, str], parted_by: str | None = None) -> tuple[list[str], list[int]]:
    """All words in one list, and where each language of ``LANGUAGES`` begins (with the end)."""
    flat: list[str] = []
    begins: list[int] = []
    for language in LANGUAGES:
        begins.append(len(flat))
        flat += words[language].split(parted_by)
    return flat, [*begins, len(flat)]
