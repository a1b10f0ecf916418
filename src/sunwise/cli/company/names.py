"""What people, teams and services of an invented company are called."""

from random import Random
from typing import Final

_GIVEN: Final = (
    "Aanya Abel Adwoa Aiko Alejandra Amara Amir Ana Andrei Anh Arjun Asel Ayodele Beatriz Bilal Bo "
    "Camila Chidi Chloe Dana Daniyar Diego Dilnoza Elif Emeka Erik Esi Fatima Felipe Gabriela Giorgi "
    "Grace Hana Haruto Hiba Ines Ivan Jamal Jia Joao Jonas Joy Kaan Kavya Kemal Kiran Kofi Laila Lan "
    "Leila Lin Lucia Magda Mai Marek Mariam Mateo Mei Mina Minh Mira Nadia Naledi Nam Nikos Nino Nur "
    "Oleh Olga Omar Paula Petra Pradeep Priya Quang Rafael Rania Ravi Rosa Ruta Sami Sana Sara Seo-yeon "
    "Siddharth Sipho Sofia Suda Tala Tariq Tereza Thabo Thu Tomas Uche Vera Wanjiru Wei Yara Yuki Zainab"
)
_FAMILY: Final = (
    "Abebe Acheampong Aliyev Amin Andersen Bauer Bekele Benali Botha Bui Castro Chen Chua Costa Dang "
    "Das Dimitrov Diop Dlamini Fernandez Fischer Fofanah Garcia Georgiou Ghosh Haddad Haile Hansen Ito "
    "Iyer Jansen Johari Kamau Kaplan Kato Khan Kim Kovac Kowalski Kumar Lam Laurent Lee Lim Lopez Luu "
    "Mbeki Mendes Mensah Molina Moreau Mutua Nair Nakamura Nazari Ndiaye Nel Ng Novak Nowak Ochieng "
    "Okafor Okoye Osei Ozturk Pak Park Patel Perez Petrov Pham Popescu Quispe Rahman Ramos Reyes Rossi "
    "Santos Sato Schmidt Shah Sharma Silva Singh Suzuki Tan Tanaka Tembo Torres Tran Usman Vargas Vega "
    "Volkov Wang Weber Wong Yamada Yildiz Zhang Zhou"
)
_DOMAINS: Final = (
    "matching ledger wallets custody withdrawals deposits market-data gateway identity fraud sanctions "
    "pricing lending earn cards payments tax reporting billing search notifications support chat mail "
    "data-lake metrics logs builds releases secrets network edge storage queues auth risk margin futures "
    "options loans referrals campaigns listings launchpad academy research charts mobile web desktop api "
    "webhooks archive audit treasury settlement banking"
)
_PARTS: Final = (
    "core",
    "flows",
    "rails",
    "tools",
    "guard",
    "insight",
    "scale",
    "care",
    "lab",
    "next",
)


def person_names(count: int, random: Random) -> list[str]:
    """So many different names."""
    every = [f"{given} {family}" for given in _GIVEN.split() for family in _FAMILY.split()]
    assert count <= len(every), f"there are {len(every)} names"
    return random.sample(every, count)


def team_names(count: int) -> list[str]:
    """So many different names, the plain ones first."""
    domains = _DOMAINS.split()
    every = [*domains, *(f"{domain}-{part}" for part in _PARTS for domain in domains)]
    numbered = (f"{name}-{number}" for number in range(2, 100) for name in every)
    return [*every[:count], *(next(numbered) for _ in range(count - len(every)))]
